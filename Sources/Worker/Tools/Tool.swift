import Base
import Core
import Cryptography
import Reliability
import Runs

/// Something that a step can have done.
protocol Tool: ~Copyable {
    /// What it is given, once references and secrets are resolved.
    associatedtype Inputs: InputObject

    /// Does it.
    ///
    /// - Parameters:
    ///   - inputs: What it is given.
    ///   - attempt: Which step it is for, and how long it may take.
    /// - Returns: What became of it.
    /// - Throws: `StepFailure`, which is as good as returning it.
    mutating func run(_ inputs: Inputs, in attempt: StepAttempt) throws(StepFailure) -> StepOutcome
}

/// One attempt at a step, while it lasts.
struct StepAttempt {
    /// The largest artifact, in bytes.
    static let artifactLimit = 4 << 20

    /// What is done.
    let step: ClaimedStep

    /// When it has to be over.
    let deadline: Deadline

    /// Told when nobody wants it any more.
    let cancellation: Cancellation

    /// What must not be left behind.
    let redaction: Redaction

    /// Something that the attempt made, without any secrets.
    ///
    /// - Throws: `artifact_too_large`.
    func artifact(
        _ name: ArtifactName,
        _ contentType: ContentType,
        _ content: [UInt8]
    ) throws(StepFailure) -> NewArtifact {
        let content = redaction.bytes(content)
        guard content.count <= Self.artifactLimit else {
            throw StepFailure("artifact_too_large", "The artifact has more than 4 MiB.")
        }
        return NewArtifact(
            name: redaction.text(name.rawValue),
            contentType: redaction.text(contentType.description),
            content: content,
            sha256: SHA256.digest(content)
        )
    }

    /// Lets time pass, as far as there is some and somebody wants it.
    ///
    /// - Returns: What became of the attempt, if that is all there will be to it; nil to go on.
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
    /// What the outputs of the step say of it.
    func describe(in json: inout JSONWriter) {
        json.object { json in
            json.member("name", name)
            json.member("sha256", Hexadecimal.encode(sha256))
            json.member("contentType", contentType)
            json.member("size", content.count)
        }
    }
}
