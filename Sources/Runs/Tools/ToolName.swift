public import Base
import Core
public import Queue

/// The name of a tool in a plan.
///
/// Some names are aliases: `codegen` is `ai:generate`, and `manual:<word>` is `gate:manual`.
public struct ToolName: Hashable, Sendable, LosslessStringConvertible {
    /// The tools, by their own names.
    public enum Kind: String, CaseIterable, Sendable {
        /// Asks an AI provider; its inputs are ``GenerateInputs``.
        case generate = "ai:generate"
        /// Asks an AI provider for embeddings; its inputs are ``EmbedInputs``.
        case embed = "ai:embed"
        /// Stores text or bytes as an artifact; its inputs are ``WriteArtifactInputs``.
        case writeArtifact = "artifact:write"
        /// Waits for a person's decision; its inputs are ``GateInputs``.
        case gate = "gate:manual"
        /// Sends an HTTP request; its inputs are ``HTTPRequestInputs``.
        case httpRequest = "http:request"
        /// Returns its inputs, which are ``EchoInputs``.
        case echo = "test:echo"
        /// Fails; its inputs are ``FailInputs``.
        case fail = "test:fail"
        /// Waits for a time; its inputs are ``WaitInputs``.
        case wait = "wait:until"
    }

    /// The name as it is in the plan.
    public let description: String

    /// The tool.
    public let kind: Kind

    /// The topic of the tool's jobs: the tool's own name with `.` in place of `:`.
    ///
    /// Aliases share it.
    public let topic: QueueTopic

    /// Parses a name; nil if no tool has it.
    public init?(_ name: String) {
        guard let kind = Kind(named: name.utf8),
            let topic = QueueTopic(
                String(decoding: kind.rawValue.utf8.map { $0 == Self.colon ? Self.dot : $0 }, as: UTF8.self)
            )
        else { return nil }
        description = name
        self.kind = kind
        self.topic = topic
    }

    /// The tools that workers execute, by their own names: all but gates.
    public static var executable: [ToolName] {
        Kind.allCases.compactMap { ToolName($0.rawValue) }.filter { !$0.isGate }
    }

    /// Whether a person decides; workers do not execute gates.
    public var isGate: Bool { kind == .gate }

    private static var colon: UInt8 { UInt8(ascii: ":") }
    private static var dot: UInt8 { UInt8(ascii: ".") }
}

extension ToolName {
    /// Whether the tool has effects outside of the database.
    var hasEffects: Bool {
        switch kind {
        case .generate, .embed, .httpRequest: true
        case .writeArtifact, .gate, .wait, .echo, .fail: false
        }
    }
}

extension ToolName: InputValue, OutputValue {
    public static var rule: String {
        let names = Kind.allCases.map(\.rawValue) + ["codegen", "manual:<word>"]
        return "one of \(names.sorted().joined(separator: ", "))"
    }

    public static var form: ValueForm {
        .either([.names(Kind.allCases.map(\.rawValue) + ["codegen"]), .pattern("^\(manual)$")])
    }

    fileprivate static var manual: String { "manual:[a-z0-9][a-z0-9_-]{0,62}" }

    public init(input: JSONValue) throws(Violations) {
        guard let tool = ToolName(try String(input: input)) else {
            throw Violations(.invalidEnum, "must be \(Self.rule)")
        }
        self = tool
    }

    public func encode(to json: inout JSONWriter) {
        json.string(description)
    }
}

extension ToolName.Kind {
    // Compare bytes, because strings also equal canonically equivalent strings.
    fileprivate init?(named name: String.UTF8View) {
        if let kind = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name) }) {
            self = kind
        } else if name.elementsEqual("codegen".utf8) {
            self = .generate
        } else if name.starts(with: "manual:".utf8), Self.isWord(name.dropFirst("manual:".utf8.count)) {
            self = .gate
        } else {
            return nil
        }
    }

    private static func isWord(_ bytes: Substring.UTF8View) -> Bool {
        (1...63).contains(bytes.count) && bytes.first.map(isLetterOrDigit) ?? false
            && bytes.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

extension ToolName {
    /// Checks inputs against the tool's schema.
    ///
    /// - Throws: All violations.
    func check(_ inputs: JSONValue) throws(Violations) {
        _ = try kind.inputs.init(input: inputs)
    }
}

extension ToolName.Kind {
    /// The tool's own name and its aliases.
    var names: ValueForm {
        switch self {
        case .generate: .names([rawValue, "codegen"])
        case .gate: .pattern("^(?:\(rawValue)|\(ToolName.manual))$")
        case .embed, .writeArtifact, .httpRequest, .echo, .fail, .wait: .names([rawValue])
        }
    }

    /// The type of the tool's inputs.
    var inputs: any InputObject.Type {
        switch self {
        case .generate: GenerateInputs.self
        case .embed: EmbedInputs.self
        case .writeArtifact: WriteArtifactInputs.self
        case .gate: GateInputs.self
        case .httpRequest: HTTPRequestInputs.self
        case .echo: EchoInputs.self
        case .fail: FailInputs.self
        case .wait: WaitInputs.self
        }
    }
}

extension ObjectShape.Form {
    /// The fields of an object beside the name of a tool.
    init(_ field: String, _ tool: ToolName.Kind, _ shape: ObjectShape, hasMarkers: Bool = false) {
        self.init("\(field) \(tool.rawValue)", where: field, is: tool.names, shape, hasMarkers: hasMarkers)
    }
}

extension QueueTopic {
    /// The default time limit of a tool's steps: longer for AI tools, whose providers fail sooner by limits of their own.
    ///
    /// `nofx.release_steps` knows it too.
    public var defaultTimeoutSeconds: Int { description.hasPrefix("ai.") ? 600 : 60 }
}
