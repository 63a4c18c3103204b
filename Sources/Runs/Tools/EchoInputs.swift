public import Base

/// What `test:echo` is given: any members, which it answers as they are.
///
/// `delaySeconds` among them says how long it takes.
public struct EchoInputs: InputObject {
    /// The inputs, and so the outputs.
    public let all: JSONText

    /// How long the step runs before it answers.
    public let delay: Duration

    /// The one field that means something; all others are accepted as well.
    public static let schema = Schema(
        .optional("delaySeconds", StepDelay.self, default: .none, "How long it takes, in seconds."),
        into: { delay in EchoInputs(all: JSONText(trusted: Array("{}".utf8)), delay: delay.duration) }
    )

    public init(input: JSONValue) throws(Violations) {
        guard input.kind == .object else { throw Violations(.invalidType, "must be an object") }
        all = try JSONText(input: input)
        guard let delay = input["delaySeconds"], !delay.isNull else {
            self.delay = .zero
            return
        }
        do throws(Violations) {
            self.delay = try StepDelay(input: delay).duration
        } catch {
            throw error.prefixed(with: "delaySeconds")
        }
    }

    private init(all: JSONText, delay: Duration) {
        self.all = all
        self.delay = delay
    }
}
