import Base
import Reliability
import System

/// The name of an environment variable.
struct VariableName: InputValue, Hashable {
    let text: String

    static var rule: String { "name of an environment variable" }
    static var form: ValueForm { .pattern("^[A-Z_][A-Z0-9_]{0,99}$") }

    init(input: JSONValue) throws(Violations) {
        text = try String(input: input)
        func isLetter(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
        }
        // A key in the place of a name is refused, and not repeated.
        guard (1...100).contains(text.utf8.count), text.utf8.first.map(isLetter) ?? false,
            text.utf8.allSatisfy({ isLetter($0) || $0.isDigit })
        else {
            throw Violations(
                .invalidFormat,
                "must be the name of an environment variable, of A to Z, 0 to 9 and _, and not its value"
            )
        }
    }

    /// The value of the variable, which can be sent in a header.
    func value(in environment: Environment) throws(Violations) -> Secret {
        guard let value = environment[text] else {
            throw Violations(.notFound, "names an environment variable that is not set")
        }
        guard value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Violations(
                .invalidCharacters,
                "names a variable whose value has a space, line break, control character or byte outside ASCII"
            )
        }
        return Secret(value)
    }
}

/// Names of variables: an array, or one name.
struct VariableList: InputValue {
    let names: [VariableName]

    static var rule: String { "name of an environment variable, or array of names" }
    static var form: ValueForm { .either([VariableName.form, .array(VariableName.form, 0...16, isSet: true)]) }

    init(input: JSONValue) throws(Violations) {
        names = input.kind == .string ? [try VariableName(input: input)] : try ListRule(0...16).read(input)
        guard Set(names).count == names.count else { throw Violations(.duplicate, "must name each variable once") }
    }
}

/// Header fields by name: each value is a text, or `{"variable": "NAME"}` for the value of a variable.
struct HeaderList: InputValue {
    enum Value {
        case text(String)
        case variable(VariableName)
    }

    let fields: [(name: String, value: Value)]

    static var rule: String { "object of strings" }
    static var form: ValueForm { .map(.any) }

    /// Header fields that the client or the authentication sets.
    private static let reserved: Set<String> = [
        "accept", "accept-encoding", "api-key", "authorization", "connection", "content-encoding", "content-length",
        "content-type", "cookie", "expect", "host", "te", "traceparent", "tracestate", "transfer-encoding", "upgrade",
        "user-agent", "x-api-key",
    ]

    init(input: JSONValue) throws(Violations) {
        fields = try input.members(upTo: 32) { (name, value) throws(Violations) in
            guard !name.isEmpty, name.utf8.allSatisfy({ $0.isLetter || $0.isDigit || "-_".utf8.contains($0) }) else {
                throw Violations(.invalidFormat, "must be the name of a header field")
            }
            guard !Self.reserved.contains(name.lowercasedASCII) else {
                throw Violations(.invalidFormat, "is set by the client; keys and auth are for keys")
            }
            if value.kind == .object { return .variable(try VariableReference(input: value).name) }
            let text = try String(input: value)
            guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }),
                text.trimmingBlanks.utf8.elementsEqual(text.utf8)
            else { throw Violations(.invalidCharacters, "must be printable ASCII without blanks at the ends") }
            return .text(text)
        }
    }

    private struct VariableReference: InputObject {
        let name: VariableName

        static let schema = Schema(
            Field("variable", VariableName.self, "The variable that holds the value."),
            into: { VariableReference(name: $0) }
        )
    }
}

/// The parameters of an address's query.
struct QueryList: InputValue {
    let parameters: [(name: String, value: String)]

    static var rule: String { "object of strings" }
    static var form: ValueForm { .map(.string()) }

    init(input: JSONValue) throws(Violations) {
        parameters = try input.members(upTo: 32) { (_, value) throws(Violations) in
            let text = try String(input: value)
            guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw Violations(.invalidCharacters, "must be printable ASCII")
            }
            return text
        }
    }
}

/// The options of a provider's circuit breaker.
///
/// They are those of the variables `NOFX_BREAKER_…`, in camel case: `resetMs` is `NOFX_BREAKER_RESET_MS`. The variables
/// apply where an option is left out.
struct BreakerOptions: InputValue {
    private static let names = [
        "decayMs", "failureRate", "failureThreshold", "growth", "halfOpenCloses", "halfOpenMaxMs", "jitter",
        "maxResetMs", "minCalls", "minReporters", "permits", "resetMs", "slowMs", "slowRate", "successThreshold",
        "timeoutMs", "windowMs",
    ]

    private let variables: [(String, String)]

    static var rule: String { "object of numbers" }
    static var form: ValueForm { .map(.either([.number(0...1_000_000_000), .boolean])) }

    init(input: JSONValue) throws(Violations) {
        variables = try input.members(upTo: Self.names.count) { (name, value) throws(Violations) in
            guard Self.names.contains(name) else {
                throw Violations(.unknownField, "is not an option of circuit breakers")
            }
            if let flag = value.bool { return flag ? "1" : "0" }
            guard value.double != nil else { throw Violations(.invalidType, "must be a number") }
            return value.text.description
        }.map { (Self.variable(of: $0.name), $0.value) }
    }

    /// The policy with these options.
    func policy(_ environment: Environment) throws(Violations) -> CircuitBreakerPolicy {
        do throws(ConfigurationError) {
            return try CircuitBreakerPolicy(Environment(variables + environment.all.map { ($0.name, $0.value) }))
        } catch {
            let field = Self.names.first { Self.variable(of: $0) == error.variable } ?? ""
            throw Violations(Violation(field: field, .outOfRange, error.rule))
        }
    }

    private static func variable(of option: String) -> String {
        let words = option.unicodeScalars.map { $0.properties.isUppercase ? "_\($0)" : "\($0)" }
        return "NOFX_BREAKER_" + words.joined().uppercased()
    }
}

extension JSONValue {
    /// Reads the members of an object.
    ///
    /// - Throws: The violations, with the names of the members.
    fileprivate func members<Value>(
        upTo limit: Int,
        _ read: (String, JSONValue) throws(Violations) -> Value
    ) throws(Violations) -> [(name: String, value: Value)] {
        guard kind == .object else { throw Violations(.invalidType, "must be an object") }
        guard count <= limit else { throw Violations(.tooMany, "must have at most \(limit) members") }
        var result: [(name: String, value: Value)] = []
        for (key, member) in members {
            do throws(Violations) {
                result.append((key, try read(key, member)))
            } catch {
                throw error.prefixed(with: key)
            }
        }
        return result
    }
}
