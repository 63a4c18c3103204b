import Base
import Runs

extension StepOutcome {
    /// The largest outputs, in bytes.
    private static var outputLimit: Int { 1 << 20 }

    /// The outcome as it may be kept: without secrets, and failed where its outputs are too large or no JSON that others
    /// could read.
    ///
    /// What is wrong with the outputs would be so again, so the step is not tried again for that.
    func storable(_ redaction: Redaction) -> StepOutcome {
        switch self {
        case .succeeded(let outputs, let artifacts):
            do throws(StepFailure) {
                return .succeeded(outputs: try Self.storable(outputs, redaction), artifacts: artifacts)
            } catch {
                return .failed(error)
            }
        case .failed(let failure): return .failed(failure.without(redaction))
        case .timedOut, .cancelled, .released: return self
        }
    }

    /// What the log calls it.
    var word: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .timedOut: "timed_out"
        case .cancelled: "cancelled"
        case .released: "released"
        }
    }

    /// Why the step was not done.
    var failure: StepFailure? {
        if case .failed(let failure) = self { failure } else { nil }
    }

    private static func storable(_ outputs: JSONText, _ redaction: Redaction) throws(StepFailure) -> JSONText {
        let tooLarge = StepFailure("output_too_large", "The outputs have more than 1 MiB.")
        guard outputs.bytes.count <= outputLimit else { throw tooLarge }
        let root = try parse(outputs)
        guard !redaction.isEmpty else { return outputs }
        let redacted = redaction.json(root)
        guard redacted.bytes.count <= outputLimit else { throw tooLarge }
        _ = try parse(redacted)
        return redacted
    }

    private static func parse(_ outputs: JSONText) throws(StepFailure) -> JSONValue {
        do throws(JSONSyntaxError) {
            let root = try JSONDocument(parsing: outputs.bytes, limits: .stepValue).root
            if root.hasOnlyStorableNumbers { return root }
        } catch {
            throw StepFailure("invalid_output", "The outputs are no JSON that can be kept: \(error).")
        }
        throw StepFailure("invalid_output", "The outputs have a number that cannot be kept.")
    }
}

extension StepFailure {
    fileprivate func without(_ redaction: Redaction) -> StepFailure {
        let word = redaction.text(code).utf8.elementsEqual(code.utf8) ? code : "redacted"
        return StepFailure(word, redaction.text(message), retry: retry)
    }
}
