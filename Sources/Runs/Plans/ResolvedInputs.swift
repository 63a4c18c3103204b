public import Base

extension JSONText {
    /// Replaces the references and secrets in a step's inputs.
    ///
    /// Replacement values are not searched again: outputs that look like a reference or a secret are kept as they are.
    ///
    /// - Parameters:
    ///   - outputs: The outputs that references may use, by step name.
    ///   - secrets: Looks up a secret of the step's scope; nil if it does not exist.
    /// - Returns: The resolved inputs, at most 1 MiB.
    /// - Throws: `reference_missing`, `secret_missing`, `inputs_too_large` or `invalid_inputs`, which a retry would not
    ///   change, or any error of `secrets`.
    public func resolving(
        outputs: [String: JSONText],
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
        var resolution = InputResolution(outputs: outputs)
        return try resolution.resolve(root, secrets)
    }
}

/// Writes the inputs with every marker replaced by its value.
private struct InputResolution {
    private static let limit = 1 << 20

    private let outputs: [String: JSONText]
    private var parsed: [String: JSONValue] = [:]
    private var room = Self.limit

    init(outputs: [String: JSONText]) {
        self.outputs = outputs
    }

    mutating func resolve(
        _ root: JSONValue,
        _ secrets: (SecretName) throws(StepFailure) -> Secret?
    ) throws(StepFailure) -> JSONText {
        JSONText(trusted: try value(root, secrets))
    }

    private mutating func value(
        _ value: JSONValue,
        _ secrets: (SecretName) throws(StepFailure) -> Secret?
    ) throws(StepFailure) -> [UInt8] {
        switch value.kind {
        case .null, .bool, .number, .string:
            return try take(value.text.bytes)
        case .array:
            var elements: [[UInt8]] = []
            for element in value.elements { elements.append(try self.value(element, secrets)) }
            return Array("[".utf8) + elements.joined(separator: ",".utf8) + Array("]".utf8)
        case .object:
            if let marker = try marker(value) { return try take(try replacement(for: marker, secrets)) }
            var members: [[UInt8]] = []
            for (key, member) in value.members {
                members.append(try take(key.jsonBytes) + ":".utf8 + (try self.value(member, secrets)))
            }
            return Array("{".utf8) + members.joined(separator: ",".utf8) + Array("}".utf8)
        }
    }

    private func marker(_ value: JSONValue) throws(StepFailure) -> InputMarker? {
        do throws(Violations) {
            return try InputMarker(value)
        } catch {
            throw StepFailure("invalid_inputs", "A reference in the inputs \(error.all.first?.detail ?? "is none").")
        }
    }

    private mutating func replacement(
        for marker: InputMarker,
        _ secrets: (SecretName) throws(StepFailure) -> Secret?
    ) throws(StepFailure) -> [UInt8] {
        switch marker {
        case .from(let text):
            guard let reference = Reference(text, isStep: { outputs[$0] != nil }),
                let part = reference.part(of: try parse(reference.step))
            else { throw StepFailure("reference_missing", "The outputs have no value at \(text).") }
            return part.text.bytes
        case .secret(let name):
            guard let secret = try secrets(name) else {
                throw StepFailure("secret_missing", "The step's scope has no secret \(name.rawValue).")
            }
            return secret.text.jsonBytes
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
    private mutating func take(_ bytes: [UInt8]) throws(StepFailure) -> [UInt8] {
        room -= bytes.count
        guard room >= 0 else {
            throw StepFailure("inputs_too_large", "The inputs exceed 1 MiB after references are resolved.")
        }
        return bytes
    }
}

/// A reference to a part of a step's outputs, as in `{"$from":"step.member.0"}`.
public struct Reference: Hashable, Sendable {
    /// The name of the step.
    public let step: String

    /// The member names and array indexes that lead from the outputs to the part; empty for all outputs.
    public let path: [String]

    /// Parses the value of `$from`; nil if it does not begin with the name of a step.
    ///
    /// Step names may contain dots, so the longest matching name is taken.
    ///
    /// - Parameters:
    ///   - text: The name of a step, followed by member names and indexes, each after a `.`.
    ///   - isStep: Whether a step has this name.
    public init?(_ text: String, isStep: (String) -> Bool) {
        var end: String.Index? = text.endIndex
        while let boundary = end {
            let name = text[..<boundary]
            // No step name is longer. Without this check a plan full of long references would take long to validate.
            if name.utf8.count <= 800, isStep(String(name)) {
                step = String(name)
                path = text[boundary...].utf8.split(separator: UInt8(ascii: ".")).compactMap(String.init)
                return
            }
            end = text[..<boundary].utf8.lastIndex(of: UInt8(ascii: "."))
        }
        return nil
    }

    /// The referenced part of a step's outputs; nil if it does not exist.
    public func part(of outputs: JSONValue) -> JSONValue? {
        var value = outputs
        for member in path {
            let next = value.kind == .array ? value.element(member) : value[member]
            guard let next else { return nil }
            value = next
        }
        return value
    }
}

extension JSONValue {
    /// The element of an array at a decimal index.
    fileprivate func element(_ number: String) -> JSONValue? {
        let digits = number.utf8
        guard (1...9).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let index = Int(number),
            index < count
        else { return nil }
        for (position, element) in elements.enumerated() where position == index { return element }
        return nil
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
    public static let stepValue = JSONLimits(bytes: 16 << 20, depth: 64)
}
