import AI
import Base
import Core
import Reliability
import Runs

/// `ai:generate` and `codegen`: asks an AI provider, and stores long answers as an artifact too.
///
/// The outputs have the text whatever its length, unless they would exceed their limit with it: then the text is null, and
/// only the artifact has it. With `codegen` the answer always becomes an artifact. If the answer is a single fenced block of Markdown, the
/// artifact holds the block's content.
struct GenerateTool<Stores: CircuitBreakerStore & UsageStore & ~Copyable>: ~Copyable, Tool {
    /// The maximum size of a text that needs no artifact, in bytes.
    private static var textLimit: Int { 64 << 10 }

    private var providers: AIClient<Stores>

    init(_ providers: consuming AIClient<Stores>) {
        self.providers = providers
    }

    mutating func run(_ inputs: GenerateInputs, in attempt: StepAttempt) throws(StepFailure) -> StepOutcome {
        let request = try CompletionRequest(inputs)
        let answer: CallAnswer
        do throws(AIError) {
            answer = try ask(request, of: inputs.providers, in: attempt)
        } catch {
            return StepOutcome(error, of: attempt.step)
        }
        if answer.completion.isTruncated, !inputs.allowPartial {
            throw StepFailure(AIError.Code.truncated.rawValue, "The answer was cut off at maxTokens.")
        }
        let isCode = attempt.step.tool == "codegen"
        let text = isCode ? FencedText.unwrap(answer.completion.text) : answer.completion.text
        let isLong = text.utf8.count > Self.textLimit
        let name = inputs.filename ?? (isCode || isLong ? .answer : nil)
        var artifact: NewArtifact?
        if let name { artifact = try attempt.artifact(name, ContentType(of: name), Array(text.utf8)) }
        let whole = Self.outputs(answer, text, artifact)
        return .succeeded(
            outputs: !isLong || attempt.canStore(whole) ? whole : Self.outputs(answer, nil, artifact),
            artifacts: artifact.map { [$0] } ?? []
        )
    }

    /// Makes the call of an attempt.
    mutating func ask(
        _ request: CompletionRequest,
        of names: [String]?,
        in attempt: StepAttempt
    ) throws(AIError) -> CallAnswer {
        try providers.call(
            request,
            of: names,
            for: attempt.step.team,
            requestLimit: attempt.step.attemptsLeft,
            deadline: attempt.deadline,
            cancellation: attempt.cancellation,
            trace: attempt.trace,
            onProgress: { progress in
                switch progress {
                case .began: attempt.text.restart()
                case .text(let piece): attempt.text.add(piece)
                }
            }
        )
    }

    private static func outputs(_ answer: CallAnswer, _ text: String?, _ artifact: NewArtifact?) -> JSONText {
        let completion = answer.completion
        var json = JSONWriter(reserving: (text?.utf8.count ?? 0) + 1_024)
        json.object { json in
            json.member("text", text)
            json.member("reasoning", completion.reasoning)
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

/// A text that may consist of one fenced block of Markdown, which is a common form of model answers.
enum FencedText {
    private struct Fence {
        let mark: UInt8
        let length: Int
        let hasInfo: Bool

        /// Parses a fence line (CommonMark, section 4.5); nil for every other line.
        init?(_ line: some BidirectionalCollection<UInt8>) {
            let text = line.drop { $0 == 0x20 }
            guard let mark = text.first, mark == UInt8(ascii: "`") || mark == UInt8(ascii: "~") else { return nil }
            let length = text.prefix { $0 == mark }.count
            let info = text.dropFirst(length).filter { !$0.isWhiteSpace }
            guard length >= 3, !(mark == UInt8(ascii: "`") && info.contains(mark)) else { return nil }
            self.mark = mark
            self.length = length
            hasInfo = !info.isEmpty
        }

        func closes(_ other: Fence) -> Bool { !hasInfo && mark == other.mark && length >= other.length }
    }

    /// The content of the block, byte for byte; the text itself if it is not such a block.
    ///
    /// Nested blocks belong to the content, even where the model did not give the outer block a longer fence.
    static func unwrap(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard let start = bytes.firstIndex(where: { !$0.isWhiteSpace }),
            let last = bytes.lastIndex(where: { !$0.isWhiteSpace }),
            let lineEnd = bytes[start...last].firstIndex(of: 0x0A), let opening = Fence(bytes[start..<lineEnd])
        else { return text }
        let content = bytes[(lineEnd + 1)...last]
        let lines = content.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard let end = lines.last, Fence(end)?.closes(opening) == true else { return text }
        var open = [opening]
        for line in lines.dropLast() {
            guard let fence = Fence(line), let current = open.last else { continue }
            if fence.closes(current) { open.removeLast() } else if fence.hasInfo { open.append(fence) }
            if open.isEmpty { return text }
        }
        guard open.count == 1 else { return text }
        return String(decoding: content[..<end.startIndex], as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var isWhiteSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
