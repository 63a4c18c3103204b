import Base
import Core
import Cryptography
import Reliability
import Runs

/// A tool that steps can use.
protocol Tool: ~Copyable {
    /// The inputs, after references and secrets are resolved.
    associatedtype Inputs: InputObject

    /// Executes an attempt.
    ///
    /// - Parameters:
    ///   - inputs: The inputs.
    ///   - attempt: The step and its limits.
    /// - Returns: The outcome.
    /// - Throws: `StepFailure`, which is equivalent to returning it.
    mutating func run(_ inputs: Inputs, in attempt: StepAttempt) throws(StepFailure) -> StepOutcome
}

/// An attempt of a step.
struct StepAttempt {
    /// The maximum size of an artifact, in bytes.
    static let artifactLimit = 4 << 20

    let step: ClaimedStep

    let deadline: Deadline

    /// Is set when the result is no longer needed.
    let cancellation: Cancellation

    /// The secrets to remove from results.
    let redaction: Redaction

    /// What the attempt has written so far.
    var text = LiveText()

    /// The trace of the attempt.
    var trace = Trace.none

    /// Makes an artifact without secrets.
    ///
    /// - Throws: `artifact_too_large`.
    func artifact(
        _ name: ArtifactName,
        _ contentType: ContentType,
        _ content: [UInt8]
    ) throws(StepFailure) -> NewArtifact {
        let content = redaction.bytes(content)
        guard content.count <= Self.artifactLimit else {
            throw StepFailure("artifact_too_large", "The artifact exceeds 4 MiB.")
        }
        return NewArtifact(
            name: redaction.text(name.rawValue),
            contentType: redaction.text(contentType.description),
            content: content,
            sha256: SHA256.digest(content)
        )
    }

    /// Whether outputs can be stored, once secrets are removed.
    func canStore(_ outputs: JSONText) -> Bool {
        guard outputs.bytes.count <= StepOutcome.outputLimit else { return false }
        guard !redaction.isEmpty, let root = try? JSONDocument(parsing: outputs.bytes, limits: .stepValue).root else {
            return true
        }
        return redaction.json(root).bytes.count <= StepOutcome.outputLimit
    }

    /// Waits, at most until the deadline or the cancellation.
    ///
    /// - Returns: The outcome if the attempt ended early; nil to go on.
    func wait(_ duration: Duration) -> StepOutcome? {
        let due = Deadline.after(duration)
        let end = min(due, deadline)
        while case let rest = end.remainingNanoseconds, rest > 0, !cancellation.isCancelled {
            Retry.sleep(nanoseconds: rest, cancellation: cancellation)
        }
        if cancellation.isCancelled { return .cancelled }
        return due <= deadline ? nil : .timedOut
    }
}

extension NewArtifact {
    /// Writes the artifact's description for the step's outputs.
    func describe(in json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("sha256", Hexadecimal.encode(sha256))
            json.member("contentType", contentType)
            json.member("size", content.count)
        }
    }
}
