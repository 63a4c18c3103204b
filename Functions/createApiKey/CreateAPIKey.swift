import Core
import FunctionRuntime
import Teams

/// Creates an API key for the caller.
struct CreateAPIKey: Function {
    static let name = "createApiKey"
    static let summary = "Creates an API key. The key is shown only once."
    static let subject = Subject.keys
    static let access = Access.authenticated
    static let successStatus = 201

    func run(_ input: NewKey.Draft, in context: inout Context) throws -> NewKey {
        try NewKey.create(input, in: &context)
    }
}
