import Base
public import Core
public import FunctionRuntime

extension Function {
    /// Calls the function with an input in JSON, without a process and without a credential around it.
    ///
    /// - Throws: A `Problem` or a `Denial`, as a caller would be answered.
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
    /// Somebody who was never seen before.
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
