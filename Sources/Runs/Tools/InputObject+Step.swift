public import Base

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
