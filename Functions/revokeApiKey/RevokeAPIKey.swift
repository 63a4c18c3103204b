import Core
import FunctionRuntime
import Teams

/// Ends an API key.
struct RevokeAPIKey: Function {
    static let name = "revokeApiKey"
    static let summary = "Ends one of your API keys for good."
    static let subject = Subject.keys
    static let access = Access.authenticated

    func run(_ input: IssuedKey.Reference, in context: inout Context) throws -> IssuedKey {
        try IssuedKey.revoke(input.key, in: &context)
    }
}
