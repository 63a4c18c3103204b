import AI
import Base
import Core
import Runs
import Reliability

/// `ai:generate` and `codegen`: asks an AI provider, and keeps the answer where it is worth keeping.
///
/// A plan says `codegen` where it wants a file: the answer always becomes an artifact, and if it is one fenced block of
/// Markdown, what is inside of that.
struct GenerateTool<Stores: CircuitBreakerStore & UsageStore & ~Copyable>: ~Copyable, Tool {
    /// The longest text that stands in the outputs, in bytes.
    private static var textLimit: Int { 64 << 10 }

    private var providers: AIClient<Stores>

    /// Makes a tool of what can be asked.
    init(_ providers: consuming AIClient<Stores>) {
        self.providers = providers
    }

    mutating func run(_ inputs: GenerateInputs, in attempt: StepAttempt) throws(StepFailure) -> StepOutcome {
        let request = try CompletionRequest(inputs)
        let answer: CallAnswer
        do throws(AIError) {
            answer = try providers.call(
                request,
                of: inputs.providers,
                for: attempt.step.team,
                deadline: attempt.deadline,
                cancellation: attempt.cancellation
            )
        } catch {
            return StepOutcome(error)
        }
        if answer.completion.isTruncated, !inputs.allowPartial {
            throw StepFailure(AIError.Code.truncated.rawValue, "The answer reached its limit before its end.")
        }
        let isCode = attempt.step.tool == "codegen"
        let text = isCode ? FencedText.unwrap(answer.completion.text) : answer.completion.text
        let isLong = text.utf8.count > Self.textLimit
        let name = inputs.filename ?? (isCode || isLong ? ArtifactName(rawValue: "output.md") : nil)
        var artifact: NewArtifact?
        if let name { artifact = try attempt.artifact(name, ContentType(of: name), Array(text.utf8)) }
        return .succeeded(
            outputs: Self.outputs(answer, isLong ? nil : text, artifact),
            artifacts: artifact.map { [$0] } ?? []
        )
    }

    private static func outputs(_ answer: CallAnswer, _ text: String?, _ artifact: NewArtifact?) -> JSONText {
        let completion = answer.completion
        var json = JSONWriter(reserving: (text?.utf8.count ?? 0) + 1_024)
        json.object { json in
            if let text { json.member("text", text) }
            json.member("model", completion.model)
            json.member("provider", answer.provider)
            json.member("requestId", completion.requestID)
            json.member("stopReason", completion.stopReason.kind.rawValue)
            json.member("usage", completion.usage)
            json.member("costUsd", answer.cost)
            json.member("attempts", answer.attempts)
            if let artifact { json.member("artifact") { artifact.describe(in: &$0) } }
        }
        return JSONText(trusted: json.bytes)
    }
}

extension CompletionRequest {
    /// What a step asks.
    ///
    /// - Throws: `invalid_inputs` for a form of the answer that cannot be checked.
    fileprivate init(_ inputs: GenerateInputs) throws(StepFailure) {
        self.init(inputs.prompt, model: inputs.model, system: inputs.system, maxTokens: inputs.maxTokens)
        guard let form = inputs.schema else { return }
        do throws(OutputSchema.Invalid) {
            schema = try OutputSchema(name: "answer", form.description)
        } catch {
            throw StepFailure("invalid_inputs", "The inputs break rules: schema cannot be used: \(error).")
        }
    }
}
