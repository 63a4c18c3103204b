public import Base

extension JSONText {
    /// Replaces the references, artifacts and secrets in a step's inputs.
    ///
    /// Replacement values are not searched again: outputs that look like a reference or a secret are kept as they are.
    ///
    /// - Parameters:
    ///   - outputs: The outputs that references may use, by step name; ``JSONText/noOutputs`` for a step without outputs.
    ///   - artifacts: The artifacts that the inputs name, by the values of `$artifact`; those that do not exist are
    ///     missing.
    ///   - urls: The members of the inputs that are URLs: what is inserted into a `$text` there is percent-encoded.
    ///   - secrets: Looks up a secret of the step's scope; nil if it does not exist.
    /// - Returns: The resolved inputs, at most 1 MiB without artifacts.
    /// - Throws: `reference_missing`, `reference_not_text`, `reference_too_large`, `artifact_missing`, `artifact_not_text`,
    ///   `secret_missing`, `text_not_json`, `inputs_too_large` or `invalid_inputs`, which a retry would not change, or any error of `secrets`.
    public func resolving(
        outputs: [String: JSONText],
        artifacts: [String: ArtifactContent] = [:],
        urls: Set<String> = [],
        secrets: (SecretName) throws(StepFailure) -> Secret?
    ) throws(StepFailure) -> JSONText {
        // An escape sequence may hide a dollar sign. Without a dollar sign or a backslash there is nothing to replace.
        guard bytes.contains(UInt8(ascii: "$")) || bytes.contains(UInt8(ascii: "\\")) else { return self }
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONDocument(parsing: bytes, limits: .stepValue).root
        } catch {
            throw StepFailure("invalid_inputs", "The inputs are not valid JSON: \(error).")
        }
        var resolution = InputResolution(outputs: outputs, artifacts: artifacts, urls: urls)
        return JSONText(trusted: try resolution.resolve(root, secrets))
    }

    /// Stands for the outputs of a step that ended without any: no reference finds a part of them.
    public static var noOutputs: JSONText { JSONText(trusted: Array("null".utf8)) }
}

/// The content of an artifact that a step's inputs name.
public enum ArtifactContent: Hashable, Sendable {
    /// The maximum size of all artifacts in the inputs of a step, in bytes.
    public static let limit = 4 << 20

    case bytes([UInt8])
    /// The artifacts in the inputs have more than ``limit`` bytes together.
    case tooLarge
}

/// Writes the inputs with every marker replaced by its value.
private struct InputResolution {
    private static let limit = 1 << 20

    private let outputs: [String: JSONText]
    private let artifacts: [String: ArtifactContent]
    private let urls: Set<String>
    private var parsed: [String: JSONValue] = [:]
    private var room = Self.limit
    private var roomForArtifacts = ArtifactContent.limit

    init(outputs: [String: JSONText], artifacts: [String: ArtifactContent], urls: Set<String>) {
        self.outputs = outputs
        self.artifacts = artifacts
        self.urls = urls
    }

    typealias Secrets = (SecretName) throws(StepFailure) -> Secret?

    mutating func resolve(_ root: JSONValue, _ secrets: Secrets) throws(StepFailure) -> [UInt8] {
        var members: [[UInt8]] = []
        for (name, member) in root.members {
            let bytes: [UInt8]
            if urls.contains(name), case .text(let parts)? = try Self.marker(member) {
                bytes = try text(of: parts, isURL: true, secrets).jsonBytes
            } else {
                bytes = try resolve(value: member, secrets)
            }
            try take(name.utf8.count)
            members.append(name.jsonBytes + ":".utf8 + bytes)
        }
        return Array("{".utf8) + members.joined(separator: ",".utf8) + Array("}".utf8)
    }

    private mutating func resolve(value: JSONValue, _ secrets: Secrets) throws(StepFailure) -> [UInt8] {
        try value.replacing(
            { (value) throws(StepFailure) in
                guard let marker = try Self.marker(value) else { return nil }
                return try replacement(for: marker, secrets)
            },
            counting: { (count) throws(StepFailure) in try take(count) }
        )
    }

    private static func marker(_ value: JSONValue) throws(StepFailure) -> InputMarker? {
        do throws(Violations) {
            return try InputMarker(value)
        } catch {
            throw StepFailure("invalid_inputs", "A reference in the inputs \(error.all.first?.detail ?? "is none").")
        }
    }

    private mutating func replacement(
        for marker: InputMarker,
        _ secrets: Secrets
    ) throws(StepFailure) -> [UInt8] {
        let bytes: [UInt8]
        switch marker {
        case .from(let text, let fallback):
            guard let part = try part(at: text) ?? fallback else {
                throw StepFailure("reference_missing", "The outputs have no value at \(text).")
            }
            bytes = part.bytes
        case .artifact(let text, let encoding, let fallback):
            if let content = artifacts[text] { return try self.bytes(of: content, encoding, at: text) }
            guard let fallback else {
                throw StepFailure("artifact_missing", "There is no artifact \(text).")
            }
            bytes = fallback.bytes
        case .secret(let name):
            guard let secret = try secrets(name) else {
                throw StepFailure("secret_missing", "The step's scope has no secret \(name.rawValue).")
            }
            bytes = secret.text.jsonBytes
        case .text(let parts): bytes = try text(of: parts, isURL: false, secrets).jsonBytes
        case .json(let template):
            let value = try template.value.map { (value) throws(StepFailure) in try resolve(value: value, secrets) }
            bytes = String(decoding: value ?? [], as: UTF8.self).jsonBytes
        case .parse(let source): bytes = try parse(replacement(for: source, secrets))
        }
        try take(bytes.count)
        return bytes
    }

    /// Puts a text together; in a URL the values of markers are percent-encoded, so that they cannot change its structure.
    private mutating func text(
        of parts: [InputMarker.TextPart],
        isURL: Bool,
        _ secrets: Secrets
    ) throws(StepFailure) -> String {
        var text = ""
        for (index, part) in parts.enumerated() {
            switch part {
            case .literal(let literal): text += literal
            case .marker(let marker):
                let value = JSONText(trusted: try replacement(for: marker, secrets)).value
                guard
                    let inserted = value?.literalText
                        ?? (value?.isNull == true ? marker.fallback?.value?.literalText : nil)
                else {
                    throw StepFailure(
                        "reference_not_text",
                        "Part \(index + 1) of a $text is null, an array or an object: add a default, or write it with $json."
                    )
                }
                // The beginning of a URL may come from a step as a whole.
                text += isURL && index > 0 ? PercentEncoding.encode(inserted) : inserted
            }
        }
        return text
    }

    /// The value of a JSON text, which may come from another server.
    private func parse(_ source: [UInt8]) throws(StepFailure) -> [UInt8] {
        guard let text = JSONText(trusted: source).value?.stringBytes else {
            throw StepFailure("text_not_json", "The value of $parse is not a text.")
        }
        do throws(JSONSyntaxError) {
            return try JSONDocument(lenient: text, limits: JSONLimits(bytes: 4 << 20, depth: 32)).root.text.bytes
        } catch {
            throw StepFailure("text_not_json", "The value of $parse is not valid JSON: \(error).")
        }
    }

    /// The part of a step's outputs that a reference means; nil if it does not exist.
    private mutating func part(at text: String) throws(StepFailure) -> JSONText? {
        guard let reference = Reference(text, isStep: { outputs[$0] != nil }) else { return nil }
        let root = try parse(reference.step)
        guard !root.isNull, let part = reference.part(of: root) else { return nil }
        guard let artifact = part.isNull ? root.artifactOfOmitted(reference.path) : nil else { return part.text }
        throw StepFailure(
            "reference_too_large",
            """
            The value at \(text) exceeds 1 MiB and is only in an artifact: use \
            {"$artifact":"\(StepPath.pointer([reference.step, artifact]))"} in place of the reference.
            """
        )
    }

    /// The content of an artifact as a JSON string.
    private mutating func bytes(
        of content: ArtifactContent,
        _ encoding: ArtifactEncoding,
        at text: String
    ) throws(StepFailure) -> [UInt8] {
        guard case .bytes(let bytes) = content, bytes.count <= roomForArtifacts else {
            throw StepFailure("inputs_too_large", "The artifacts in the inputs exceed 4 MiB.")
        }
        roomForArtifacts -= bytes.count
        switch encoding {
        case .base64: return Base64.encode(bytes).jsonBytes
        case .text:
            guard let string = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
                throw StepFailure(
                    "artifact_not_text",
                    "The artifact \(text) is not text in UTF-8: add \"encoding\":\"base64\"."
                )
            }
            return string.jsonBytes
        }
    }

    private mutating func parse(_ step: String) throws(StepFailure) -> JSONValue {
        if let value = parsed[step] { return value }
        do throws(JSONSyntaxError) {
            let value = try JSONDocument(parsing: outputs[step]?.bytes ?? [], limits: .stepValue).root
            parsed[step] = value
            return value
        } catch {
            throw StepFailure("reference_missing", "The outputs of \(step) cannot be read.")
        }
    }

    /// Counts the bytes written, because a few references to large outputs could exhaust the memory.
    private mutating func take(_ count: Int) throws(StepFailure) {
        room -= count
        guard room >= 0 else {
            throw StepFailure(
                "inputs_too_large",
                "The inputs exceed 1 MiB after references are resolved: refer to larger values with $artifact."
            )
        }
    }
}

extension JSONValue {
    /// The artifact that holds a member of the outputs which was too large for them, and is null in its place.
    fileprivate func artifactOfOmitted(_ path: [String]) -> String? {
        guard path.count == 1, ToolOutput.inArtifacts.contains(path[0]) else { return nil }
        return self["artifact"]?["name"]?.string
    }

    /// Writes the value with some of its objects replaced.
    ///
    /// - Parameters:
    ///   - replacement: Returns the JSON to write in place of an object; nil to keep the object.
    ///   - take: Is told the number of bytes of each part that is kept.
    /// - Returns: The JSON.
    /// - Throws: The errors of the closures.
    func replacing<Failure: Error>(
        _ replacement: (JSONValue) throws(Failure) -> [UInt8]?,
        counting take: (Int) throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        switch kind {
        case .null, .bool, .number, .string:
            let bytes = text.bytes
            try take(bytes.count)
            return bytes
        case .array:
            var parts: [[UInt8]] = []
            for element in elements { parts.append(try element.replacing(replacement, counting: take)) }
            return Array("[".utf8) + parts.joined(separator: ",".utf8) + Array("]".utf8)
        case .object:
            if let bytes = try replacement(self) { return bytes }
            var parts: [[UInt8]] = []
            for (key, member) in members {
                let name = key.jsonBytes
                try take(name.count)
                parts.append(name + ":".utf8 + (try member.replacing(replacement, counting: take)))
            }
            return Array("{".utf8) + parts.joined(separator: ",".utf8) + Array("}".utf8)
        }
    }
}

extension InputObject {
    /// Reads a tool's inputs after references and secrets are resolved.
    ///
    /// - Parameter inputs: A JSON object.
    /// - Throws: `invalid_inputs`, which names fields and never shows values.
    public init(stepInputs inputs: JSONText) throws(StepFailure) {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONDocument(parsing: inputs.bytes, limits: .stepValue).root
        } catch {
            throw StepFailure("invalid_inputs", "The inputs are not valid JSON: \(error).")
        }
        do throws(Violations) {
            self = try Self(input: root)
        } catch {
            let rules = error.all.map { "\($0.field.isEmpty ? "the input" : $0.field) \($0.detail)" }
            throw StepFailure("invalid_inputs", "The inputs are invalid: \(rules.joined(separator: "; ")).")
        }
    }
}

extension JSONLimits {
    /// The JSON limits of step inputs and outputs: inputs can contain nested outputs.
    ///
    /// An artifact has at most 4 MiB, which a JSON string can need six times.
    public static let stepValue = JSONLimits(bytes: 32 << 20, depth: 64)
}
