import Core
import FunctionRuntime
import Teams

/// Creates an API key for an operator.
struct CreateOperatorKey: Function {
    static let name = "createOperatorKey"
    static let summary =
        "Creates an API key for an operator (admin:ops), shown only once. Run it as the schema's owner."
    static let subject = Subject.keys
    static let access = Access.operatorOnly
    static let successStatus = 201

    func run(_ input: NewKey.OperatorDraft, in context: inout Context) throws -> NewKey {
        try NewKey.create(input, in: &context)
    }
}
