import Core
import FunctionRuntime
import Teams

/// Makes an API key.
struct CreateAPIKey: Function {
    static let name = "createApiKey"
    static let summary = "Makes an API key, which is told this once."
    static let subject = Subject.keys
    static let access = Access.authenticated
    static let successStatus = 201

    func run(_ input: NewKey.Draft, in context: inout Context) throws -> NewKey {
        try NewKey.create(input, in: &context)
    }
}
