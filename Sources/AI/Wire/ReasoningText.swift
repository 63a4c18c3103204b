import Base

/// The text of a model's reasoning, up to a limit: a model may think for longer than it answers.
struct ReasoningText: Sendable {
    /// The limit, in bytes.
    static let limit = 64 << 10

    private(set) var text = ""
    private var isFull = false

    /// Adds a piece; one that goes beyond the limit is cut, and ends in an ellipsis.
    mutating func add(_ piece: String?) {
        guard let piece, !piece.isEmpty, !isFull else { return }
        guard text.utf8.count + piece.utf8.count > Self.limit else {
            text += piece
            return
        }
        isFull = true
        var room = Self.limit - text.utf8.count - "…".utf8.count
        for scalar in piece.unicodeScalars {
            room -= UTF8.width(scalar)
            guard room >= 0 else { break }
            text.unicodeScalars.append(scalar)
        }
        text += "…"
    }

    /// Adds a paragraph.
    mutating func addParagraph(_ paragraph: String?) {
        guard let paragraph, !paragraph.isEmpty else { return }
        endParagraph()
        add(paragraph)
    }

    /// Begins a new paragraph, if there is one already.
    mutating func endParagraph() {
        if !text.isEmpty { add("\n\n") }
    }
}
