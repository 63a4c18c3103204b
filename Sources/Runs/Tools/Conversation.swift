public import Base

/// The messages of `ai:generate`, which are a valid conversation.
struct Conversation: InputValue {
    private static let list = ListRule(1...500)
    private static let mostFiles = 20

    /// How often a prompt may be marked for a provider's cache.
    static let mostMarks = 4

    let messages: [PromptMessage]

    static var rule: String { "array of objects, \(list)" }
    static var form: ValueForm { list.form(of: .object) }
    static var inputShape: ObjectShape { PromptMessage.inputShape }

    init(input: JSONValue) throws(Violations) {
        messages = try Self.list.read(input)
        let instructions = messages.prefix { $0.role == .system }.count
        if let place = messages[instructions...].firstIndex(where: { $0.role == .system }) {
            throw Violations(
                Violation(field: "[\(place)].role", .invalidFormat, "must not be system after another role")
            )
        }
        guard messages.contains(where: { $0.role == .user }) else {
            throw Violations(.required, "must have a message with role user")
        }
        let parts = messages.flatMap(\.parts)
        guard parts.count(where: { $0.text == nil }) <= Self.mostFiles else {
            throw Violations(.tooMany, "must have at most \(Self.mostFiles) images and documents")
        }
        guard marks <= Self.mostMarks else {
            throw Violations(.tooMany, "must have cacheControl at most \(Self.mostMarks) times")
        }
    }

    /// How many parts are marked for the provider's cache.
    var marks: Int { messages.reduce(0) { $0 + $1.parts.count { $0.cache != nil } } }
}

/// How much a model should reason.
public enum ReasoningEffort: String, InputEnumeration {
    case none, minimal, low, medium, high, xhigh, max
}

/// How random an answer is.
struct Temperature: InputValue {
    static var rule: String { "number, 0 to 2" }
    static var form: ValueForm { .number(0...2) }

    let number: Double

    init(input: JSONValue) throws(Violations) {
        guard input.kind == .number else { throw Violations(.invalidType, "must be a number") }
        guard let number = input.double, (0...2).contains(number) else {
            throw Violations(.outOfRange, "must be from 0 to 2")
        }
        self.number = number
    }
}

/// The texts that end an answer: one, or up to four.
struct StopSequences: InputValue {
    private struct Sequence: InputValue {
        static let rule = "string, 1 to 200 characters"
        static let form = ValueForm.pattern(#"^[\s\S]"#, atMost: 200)

        let text: String

        init(input: JSONValue) throws(Violations) {
            text = try String(input: input)
            guard !text.isEmpty else { throw Violations(.tooShort, "must not be empty") }
            guard text.unicodeScalars.count <= 200 else {
                throw Violations(.tooLong, "must have at most 200 characters")
            }
        }
    }

    private static let list = ListRule(1...4)

    static var rule: String { "\(Sequence.rule), or array of these, \(list)" }
    static var form: ValueForm { .either([Sequence.form, list.form(of: Sequence.form)]) }

    let all: [String]

    init(input: JSONValue) throws(Violations) {
        if input.kind == .string {
            all = [try Sequence(input: input).text]
        } else {
            let sequences: [Sequence] = try Self.list.read(input)
            all = sequences.map(\.text)
        }
    }
}
