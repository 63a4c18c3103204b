import Core
import FunctionRuntime
import Teams

/// Lists the caller's API keys.
struct ListAPIKeys: Function {
    static let name = "listApiKeys"
    static let summary = "Lists your API keys, the newest first."
    static let subject = Subject.keys
    static let access = Access.authenticated

    func run(_ input: IssuedKey.Request, in context: inout Context) throws -> Page<IssuedKey> {
        try IssuedKey.list(input, in: &context)
    }
}
