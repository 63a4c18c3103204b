import Base
import Core

/// The time from one moment up to another, which is not part of it; nil where it has no end.
struct Period {
    let since: Timestamp?
    let until: Timestamp?

    /// Takes both ends.
    ///
    /// - Throws: `out_of_range` for a time that would end before it begins.
    init(since: Timestamp?, until: Timestamp?) throws(Violations) {
        if let since, let until, until <= since { throw Violations(.outOfRange, "since must be before until") }
        self.since = since
        self.until = until
    }

    /// What ties a cursor to the period.
    var binding: String { "\(since?.cursorKey ?? "")/\(until?.cursorKey ?? "")" }
}
