import Base
import System

/// The text that a running step has written so far: the step's thread writes it, and the worker's loop reads it.
///
/// It keeps the end of the text only.
public final class LiveText: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var redaction = Redaction()

        /// Whether the beginning of the text is gone.
        var isCut = false

        /// Whether the text has changed since it was last read.
        var isNew = false

        /// How many bytes at an end may be a part of a secret.
        var margin: Int { redaction.longestTrace }
    }

    /// How much of the text is shown, in bytes.
    static let limit = 32 << 10

    private let state = Monitor(State())

    /// Makes an empty text.
    public init() {}

    /// Removes secrets from what is shown.
    func hide(_ redaction: Redaction) {
        state.withLock { $0.redaction = redaction }
    }

    /// Begins anew.
    func restart() {
        state.withLock { state in
            state.isNew = state.isNew || !state.bytes.isEmpty
            state.bytes.removeAll()
            state.isCut = false
        }
    }

    /// Adds a piece.
    func add(_ piece: String) {
        state.withLock { state in
            state.bytes += piece.utf8
            state.isNew = true
            let most = Self.limit + 2 * state.margin
            guard state.bytes.count > 2 * most else { return }
            state.bytes.removeFirst(state.bytes.count - most)
            state.isCut = true
        }
    }

    /// The end of the text without secrets; nil if it is the same as before.
    ///
    /// What may be the beginning of a secret is not shown yet.
    func changed() -> String? {
        let state: State? = state.withLock { state in
            guard state.isNew else { return nil }
            state.isNew = false
            return state
        }
        guard let state else { return nil }
        var bytes = state.redaction.bytes(state.bytes)
        bytes.removeLast(min(state.margin, bytes.count))
        if state.isCut { bytes.removeFirst(min(state.margin, bytes.count)) }
        // Not in the middle of a character.
        var end = bytes.suffix(Self.limit)
        if end.count < bytes.count || state.isCut { end = end.drop { $0 & 0xC0 == 0x80 } }
        while let last = end.last, last & 0x80 != 0,
            String(validating: end.suffix(4).drop { $0 & 0xC0 == 0x80 }, as: UTF8.self) == nil
        {
            end.removeLast()
        }
        return String(decoding: end, as: UTF8.self)
    }
}
