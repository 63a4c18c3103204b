public import Base

extension JSONText {
    /// A step's inputs with all that stands for something else replaced by it.
    ///
    /// What is put in is not looked through again: outputs that look like a reference or a secret stay what they are.
    ///
    /// - Parameters:
    ///   - outputs: The outputs of the steps that may be referred to, by their names.
    ///   - secrets: The secrets of the step's scope; nil for one that is not there.
    /// - Returns: The inputs, at most 1 MiB of them.
    /// - Throws: `reference_missing`, `secret_missing`, `inputs_too_large` or `invalid_inputs`, none of which is worth
    ///   another attempt, or what `secrets` throws.
    public func resolving(
        outputs: [String: JSONText],
        secrets: (SecretName) throws(StepFailure) -> Secret?
    ) throws(StepFailure) -> JSONText {
        // An escape may hide a dollar sign, but without either there is nothing to replace.
        guard bytes.contains(UInt8(ascii: "$")) || bytes.contains(UInt8(ascii: "\\")) else { return self }
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONDocument(parsing: bytes, limits: .stepValue).root
        } catch {
            throw StepFailure("invalid_inputs", "The inputs are no JSON that can be read: \(error).")
        }
        var resolution = InputResolution(outputs: outputs)
        return try resolution.resolve(root, secrets)
    }
}

/// Writes inputs anew, with other values for what stands for them.
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
            else { throw StepFailure("reference_missing", "There are no outputs at \(text).") }
            return part.text.bytes
        case .secret(let name):
            guard let secret = try secrets(name) else {
                throw StepFailure("secret_missing", "There is no secret \(name.rawValue) in the step's scope.")
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

    /// Counts what is written: a few references to large outputs could fill the memory.
    private mutating func take(_ bytes: [UInt8]) throws(StepFailure) -> [UInt8] {
        room -= bytes.count
        guard room >= 0 else {
            throw StepFailure("inputs_too_large", "The inputs have more than 1 MiB with all that they refer to.")
        }
        return bytes
    }
}

/// A part of a step's outputs, as in `{"$from":"step.member.0"}`.
public struct Reference: Hashable, Sendable {
    /// The step.
    public let step: String

    /// The members, and the numbers of elements, that lead from its outputs to the part; none for all of them.
    public let path: [String]

    /// Reads what follows `$from`; nil where it begins with the name of no step.
    ///
    /// Names of steps may contain dots, so the longest name that fits is meant.
    ///
    /// - Parameters:
    ///   - text: The name of a step, and what leads on, each after a `.`.
    ///   - isStep: Whether there is a step of a name.
    public init?(_ text: String, isStep: (String) -> Bool) {
        var end: String.Index? = text.endIndex
        while let boundary = end {
            let name = text[..<boundary]
            // No name has more bytes; a plan full of long references would take long to look through.
            if name.utf8.count <= 800, isStep(String(name)) {
                step = String(name)
                path = text[boundary...].utf8.split(separator: UInt8(ascii: ".")).compactMap(String.init)
                return
            }
            end = text[..<boundary].utf8.lastIndex(of: UInt8(ascii: "."))
        }
        return nil
    }

    /// The part of a step's outputs that is meant; nil where there is none.
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
    /// The element of an array that a text of decimal digits names.
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
    /// Reads what a step gives its tool, once references and secrets are resolved.
    ///
    /// - Parameter inputs: A JSON object.
    /// - Throws: `invalid_inputs`, which names the fields and never what they hold.
    public init(stepInputs inputs: JSONText) throws(StepFailure) {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONDocument(parsing: inputs.bytes, limits: .stepValue).root
        } catch {
            throw StepFailure("invalid_inputs", "The inputs are no JSON that can be read: \(error).")
        }
        do throws(Violations) {
            self = try Self(input: root)
        } catch {
            let rules = error.all.map { "\($0.field.isEmpty ? "the input" : $0.field) \($0.detail)" }
            throw StepFailure("invalid_inputs", "The inputs break rules: \(rules.joined(separator: "; ")).")
        }
    }
}

extension JSONLimits {
    /// The limits of what a step gives and is given: outputs may be nested inside of inputs.
    public static let stepValue = JSONLimits(bytes: 16 << 20, depth: 64)
}
