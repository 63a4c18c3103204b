import Base

/// How long a step of the tools for tests takes: 0 to 3600 seconds, of which milliseconds count.
struct StepDelay: InputValue, CustomStringConvertible {
    static var none: StepDelay { StepDelay(duration: .zero) }
    static var rule: String { "number, 0 to 3600" }

    let duration: Duration

    init(input: JSONValue) throws(Violations) {
        guard input.kind == .number else { throw Violations(.invalidType, "must be a number") }
        guard let seconds = input.double, (0...3_600).contains(seconds) else {
            throw Violations(.outOfRange, "must be from 0 to 3600")
        }
        duration = .milliseconds(Int((seconds * 1_000).rounded()))
    }

    private init(duration: Duration) {
        self.duration = duration
    }

    var description: String { "\(duration.wholeMilliseconds / 1_000)" }
}
