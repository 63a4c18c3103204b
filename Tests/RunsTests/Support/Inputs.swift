import Base

/// The violations of an input's rules, as `field code`; empty if the input is valid.
func violations<Value: InputValue>(_ type: Value.Type, _ json: String, limits: JSONLimits = .event) -> [String] {
    do {
        _ = try Value(json, limits: limits)
        return []
    } catch let error as Violations {
        return error.all.map { "\($0.field) \($0.code.rawValue)" }
    } catch {
        return ["\(error)"]
    }
}

extension InputValue {
    /// Decodes a value from a JSON text.
    init(_ json: String, limits: JSONLimits = .event) throws {
        try self.init(input: JSONDocument(parsing: Array(json.utf8), limits: limits).root)
    }
}

extension JSONText {
    init(_ text: String) {
        self.init(trusted: Array(text.utf8))
    }
}
