public import Base

/// A reference to a part of a step's outputs, as in `{"$from":"step.member.0"}` or `{"$from":"/step/member/0"}`.
public struct Reference: Hashable, Sendable {
    /// The name of the step.
    public let step: String

    /// The member names and array indexes that lead from the outputs to the part; empty for all outputs.
    public let path: [String]

    /// Parses the value of `$from`; nil if it does not begin with the name of a step.
    ///
    /// - Parameters:
    ///   - text: The name of a step, followed by member names and indexes, each after a `.`; or a JSON Pointer.
    ///   - isStep: Whether a step has this name.
    public init?(_ text: String, isStep: (String) -> Bool) {
        switch StepPath(text) {
        case .pointer(let step, let path):
            guard isStep(step) else { return nil }
            self.init(step: step, path: path)
        case .plain:
            guard let (step, rest) = StepPath.longestName(in: text, before: UInt8(ascii: "."), isStep) else {
                return nil
            }
            self.init(step: step, path: rest.split(separator: UInt8(ascii: ".")).compactMap(String.init))
        }
    }

    private init(step: String, path: [String]) {
        self.step = step
        self.path = path
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

/// A reference to an artifact of a step, as in `{"$artifact":"step/name"}` or `{"$artifact":"/step/name"}`.
struct ArtifactReference: Hashable, Sendable {
    /// The name of the step.
    let step: String

    /// The name of the artifact.
    let name: String

    /// Parses the value of `$artifact`; nil if it does not begin with the name of a step.
    ///
    /// - Parameters:
    ///   - text: The name of a step and the name of the artifact, after a `/`; or a JSON Pointer.
    ///   - isStep: Whether a step has this name.
    init?(_ text: String, isStep: (String) -> Bool) {
        switch StepPath(text) {
        case .pointer(let step, let path):
            guard path.count == 1, isStep(step) else { return nil }
            self.step = step
            name = path[0]
        case .plain:
            guard let (step, rest) = StepPath.longestName(in: text, before: UInt8(ascii: "/"), isStep),
                let name = String(rest.dropFirst())
            else { return nil }
            self.step = step
            self.name = name
        }
    }
}

/// The text of a reference: plain, or a JSON Pointer (RFC 6901), which begins with a `/`.
///
/// In a pointer, the first token is the step's name, and `~1` and `~0` stand for `/` and `~`. So it reaches every member,
/// also one with a dot or an empty name.
public enum StepPath {
    case pointer(step: String, path: [String])
    case plain

    /// Takes a reference apart.
    public init(_ text: String) {
        guard text.utf8.first == UInt8(ascii: "/"), let tokens = Self.tokens(text) else {
            self = .plain
            return
        }
        self = .pointer(step: tokens[0], path: Array(tokens.dropFirst()))
    }

    /// Writes a JSON Pointer.
    static func pointer(_ tokens: [String]) -> String {
        tokens.map { "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined()
    }

    /// Whether a text has the form of a reference.
    ///
    /// Longer ones would make a plan full of them slow to validate.
    static func isReference(_ text: String) -> Bool {
        guard (1...4_096).contains(text.utf8.count) else { return false }
        if text.utf8.first == UInt8(ascii: "/") { return tokens(text).map { !$0[0].isEmpty } ?? false }
        return !text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).contains(
            where: \.isEmpty
        )
    }

    /// Whether a text has the form of a reference to an artifact.
    static func isArtifactReference(_ text: String) -> Bool {
        guard (3...4_096).contains(text.utf8.count) else { return false }
        if text.utf8.first == UInt8(ascii: "/") {
            return tokens(text).map { $0.count == 2 && !$0.contains(where: \.isEmpty) } ?? false
        }
        return text.utf8.dropLast().contains(UInt8(ascii: "/"))
    }

    /// Finds the longest name of a step at the beginning of a text, because names may contain separators.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - separator: The byte that ends a name.
    ///   - isStep: Whether a step has this name.
    /// - Returns: The name, and the rest of the text from the separator on.
    fileprivate static func longestName(
        in text: String,
        before separator: UInt8,
        _ isStep: (String) -> Bool
    ) -> (step: String, rest: Substring.UTF8View)? {
        var end: String.Index? = text.endIndex
        while let boundary = end {
            let name = text[..<boundary]
            // No step name is longer. Without this check a plan full of long references would take long to validate.
            if name.utf8.count <= 800, isStep(String(name)) { return (String(name), text[boundary...].utf8) }
            end = text[..<boundary].utf8.lastIndex(of: separator)
        }
        return nil
    }

    /// The tokens of a JSON Pointer (RFC 6901, section 4); nil where a `~` is followed by neither 0 nor 1.
    private static func tokens(_ text: String) -> [String]? {
        var tokens: [String] = []
        for token in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            var bytes: [UInt8] = []
            var rest = token[...]
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "~") else {
                    bytes.append(byte)
                    continue
                }
                switch rest.popFirst() {
                case UInt8(ascii: "0"): bytes.append(UInt8(ascii: "~"))
                case UInt8(ascii: "1"): bytes.append(UInt8(ascii: "/"))
                default: return nil
                }
            }
            tokens.append(String(decoding: bytes, as: UTF8.self))
        }
        return tokens
    }
}

extension JSONValue {
    /// The element of an array at a decimal index (RFC 6901, section 4: without leading zeros).
    fileprivate func element(_ number: String) -> JSONValue? {
        let digits = number.utf8
        guard (1...9).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.count == 1 || digits.first != UInt8(ascii: "0"), let index = Int(number), index < count
        else { return nil }
        for (position, element) in elements.enumerated() where position == index { return element }
        return nil
    }
}
