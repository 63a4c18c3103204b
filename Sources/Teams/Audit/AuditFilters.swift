import Base
import Core

/// The name of an action, to filter an audit trail by.
struct ActionName: InputValue {
    private static let text = TextRule(1...100)

    let rawValue: String

    static var rule: String { text.description }
    static var form: ValueForm { text.form }

    init(input: JSONValue) throws(Violations) {
        rawValue = try Self.text.read(input)
    }
}

/// A period of time.
///
/// It includes `since` and excludes `until`; nil means that it is open at that end.
struct Period {
    let since: Timestamp?
    let until: Timestamp?

    /// Makes a period.
    ///
    /// - Throws: `out_of_range` for a period that ends before it begins.
    init(since: Timestamp?, until: Timestamp?) throws(Violations) {
        if let since, let until, until <= since { throw Violations(.outOfRange, "since must be before until") }
        self.since = since
        self.until = until
    }

    /// The part of a cursor's binding that names the period.
    var binding: String { "\(since?.cursorKey ?? "")/\(until?.cursorKey ?? "")" }
}
