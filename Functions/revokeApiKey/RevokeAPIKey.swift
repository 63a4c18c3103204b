import Core
import FunctionRuntime
import Teams

/// Revokes one of the caller's API keys.
struct RevokeAPIKey: Function {
    static let name = "revokeApiKey"
    static let summary = "Revokes one of your API keys."
    static let subject = Subject.keys
    static let access = Access.authenticated

    func run(_ input: IssuedKey.Reference, in context: inout Context) throws -> IssuedKey {
        try IssuedKey.revoke(input.key, in: &context)
    }
}
