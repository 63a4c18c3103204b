import Base

/// An output of a tool, as the tool declares it: references are checked against it before a plan starts.
struct ToolOutput: OutputObject, Hashable {
    /// The types of outputs.
    indirect enum Kind: Hashable, Sendable {
        case text, integer
        /// An object with these members only.
        case object([ToolOutput])
        /// An object whose members are not known before.
        case map
        /// An array of objects with these members only.
        case list([ToolOutput])
        /// Any value.
        case any
    }

    /// The name of the member.
    let name: String

    let kind: Kind

    /// Whether the output may be missing.
    let isOptional: Bool

    /// What the output is, as a sentence.
    let help: String

    init(_ name: String, _ kind: Kind, isOptional: Bool = false, _ help: String) {
        self.name = name
        self.kind = kind
        self.isOptional = isOptional
        self.help = help
    }

    /// The outputs that are null if they are too large for references; then only an artifact has them.
    static var inArtifacts: [String] { ["text", "body", "bodyBase64", "embeddings"] }

    static let fields: [OutputField<ToolOutput>] = [
        OutputField("name", "The name of the output.") { $0.name },
        OutputField("type", "The type: string, integer, object, array or any JSON value.") { $0.kind.rule },
        OutputField("optional", "Whether the output may be missing.") { $0.isOptional },
        OutputField("members", "The names of its members; null if they are not known before.") {
            $0.kind.members?.map(\.name)
        },
    ]

    /// The output in words, for `--help`.
    var description: FieldDescription {
        FieldDescription(
            name: name,
            rule: kind.rule,
            form: kind.form,
            isRequired: !isOptional,
            help: help,
            shape: ObjectShape(fields: kind.members?.map(\.description) ?? [])
        )
    }
}

extension ToolOutput.Kind {
    fileprivate var rule: String {
        switch self {
        case .text: "string"
        case .integer: "integer"
        case .object, .map: "object"
        case .list: "array"
        case .any: "any JSON value"
        }
    }

    /// A leaf may be null: an output that its provider or server did not send.
    fileprivate var form: ValueForm {
        switch self {
        case .text: .optional(.string())
        case .integer: .optional(Int.form)
        case .object: .object
        case .map: .map(.any)
        case .list: .array(.object)
        case .any: .any
        }
    }

    fileprivate var members: [ToolOutput]? {
        switch self {
        case .object(let members), .list(let members): members
        case .text, .integer: []
        case .map, .any: nil
        }
    }

    /// The kind of JSON value; nil if it is not known.
    var json: JSONValue.Kind? {
        switch self {
        case .text: .string
        case .integer: .number
        case .object, .map: .object
        case .list: .array
        case .any: nil
        }
    }

    /// The type of a part.
    ///
    /// - Parameter path: The member names and array indexes that lead to the part.
    /// - Returns: The type; nil if no output of this type has such a part.
    func part(at path: some Collection<String>) -> ToolOutput.Kind? {
        guard let first = path.first else { return self }
        let rest = path.dropFirst()
        switch self {
        case .text, .integer: return nil
        case .any, .map: return .any
        case .object(let members): return members.first { $0.name == first }?.kind.part(at: rest)
        case .list(let members):
            guard first.utf8.allSatisfy(\.isDigit) else { return nil }
            return Self.object(members).part(at: rest)
        }
    }
}

extension ToolName.Kind {
    /// The outputs of all tools that ask providers: who answered, and what it cost.
    private static var answerer: [ToolOutput] {
        [
            ToolOutput("model", .text, "The model that answered."),
            ToolOutput("provider", .text, "The provider that answered."),
            ToolOutput("requestId", .text, "The provider's identifier of the request; null if it has none."),
        ]
    }

    private static var expense: [ToolOutput] {
        [
            ToolOutput("usage", .object(usage), "The tokens by kind."),
            ToolOutput("costUsd", .text, "The cost as a decimal number; null if the price is not known."),
            ToolOutput("attempts", .list(attempts), "The requests to providers."),
        ]
    }
}

extension ToolName.Kind {
    /// The outputs of the tool; nil for a tool that puts out its inputs.
    var outputs: [ToolOutput]? {
        switch self {
        case .generate:
            [
                ToolOutput(
                    "text",
                    .text,
                    "The answer; null if the outputs would exceed 1 MiB with it: then only the artifact has it."
                ),
                ToolOutput("reasoning", .text, "The first 64 KiB of the model's reasoning; null if it showed none."),
            ] + Self.answerer + [ToolOutput("stopReason", .text, "Why the answer ended.")] + Self.expense + [
                ToolOutput(
                    "artifact",
                    .object(Self.artifact),
                    isOptional: true,
                    "The artifact: with codegen, with filename, and for a text of more than 64 KiB."
                )
            ]
        case .embed:
            [
                ToolOutput(
                    "embeddings",
                    .any,
                    "An array of numbers for each text; null if the outputs would exceed 1 MiB with them."
                )
            ] + Self.answerer + Self.expense + [
                ToolOutput(
                    "artifact",
                    .object(Self.artifact),
                    isOptional: true,
                    "The artifact embeddings.json, with embeddings that are too large for the outputs."
                )
            ]
        case .writeArtifact: [ToolOutput("artifact", .object(Self.artifact), "The artifact.")]
        case .gate:
            [
                ToolOutput("decision", .text, "The decision: approved or waived."),
                ToolOutput("by", .text, "The user who decided."),
                ToolOutput("reason", .text, isOptional: true, "The reason that the user gave."),
            ]
        case .httpRequest:
            [
                ToolOutput("status", .integer, "The HTTP status."),
                ToolOutput("headers", .map, "The headers that are no credentials, by lower-case name."),
                ToolOutput(
                    "body",
                    .any,
                    isOptional: true,
                    "The body, if it is JSON or text; null if the outputs would exceed 1 MiB with it."
                ),
                ToolOutput("bodyBase64", .text, isOptional: true, "Any other body in base64; null as above."),
                ToolOutput(
                    "artifact",
                    .object(Self.artifact),
                    isOptional: true,
                    "The artifact with the name body that has a body too large for the outputs."
                ),
            ]
        case .echo: nil
        case .fail: [ToolOutput("attempt", .integer, "The number of the attempt that succeeded.")]
        case .wait: [ToolOutput("until", .text, "The time that the step waited for.")]
        }
    }

    /// The type of all outputs together.
    var output: ToolOutput.Kind { outputs.map { .object($0) } ?? .any }

    private static var artifact: [ToolOutput] {
        [
            ToolOutput("name", .text, "The name."),
            ToolOutput("sha256", .text, "The SHA-256 digest of the content, in hexadecimal."),
            ToolOutput("contentType", .text, "The content type."),
            ToolOutput("size", .integer, "The size in bytes."),
        ]
    }

    private static var usage: [ToolOutput] {
        [
            ToolOutput("input", .integer, "Tokens of the prompt without those of the cache."),
            ToolOutput("output", .integer, "Tokens of the answer."),
            ToolOutput("cacheRead", .integer, "Tokens read from a cache."),
            ToolOutput("cacheWrite5m", .integer, "Tokens written to a cache for 5 minutes."),
            ToolOutput("cacheWrite1h", .integer, "Tokens written to a cache for an hour."),
            ToolOutput("reasoning", .integer, "Tokens of the answer spent on reasoning."),
        ]
    }

    private static var attempts: [ToolOutput] {
        [
            ToolOutput("provider", .text, "The provider."),
            ToolOutput("model", .text, "The model."),
            ToolOutput("code", .text, "The error code; null for the answer."),
            ToolOutput("status", .integer, "The HTTP status; null without an answer."),
            ToolOutput("requestId", .text, "The provider's identifier of the request."),
            ToolOutput("costUsd", .text, "The cost."),
            ToolOutput("milliseconds", .integer, "The duration."),
        ]
    }
}
