import Base
public import Core
public import FunctionRuntime

extension Function {
    /// Calls the function with a JSON input in this process, without authentication.
    ///
    /// - Throws: The `Problem` or `Denial` that a caller would receive.
    public static func call(_ input: String, in context: inout Context) throws -> Output {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: Array(input.utf8))
        } catch {
            throw Problem(status: 400, code: "malformed_json", detail: "\(error)")
        }
        return try respond(to: document.root, in: &context)
    }
}

extension Caller {
    /// A new user without any memberships.
    public static func stranger(email: String? = nil, isOperator: Bool = false) -> Caller {
        let user = ID<User>.make()
        return Caller(
            user: user,
            issuer: "https://issuer.test",
            subject: user.description,
            email: email.flatMap(EmailAddress.init),
            isOperator: isOperator
        )
    }
}
