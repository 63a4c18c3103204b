import Base
import Core
import TestSupport

extension Caller {
    /// The caller with a token of the tests, as the database knows the user.
    init(endToEnd subject: String) throws {
        guard let user = ID<User>(subject) else { throw NoUser(subject: subject) }
        self.init(user: user, issuer: TestFunction.issuer, subject: subject, email: nil)
    }

    struct NoUser: Error {
        let subject: String
    }
}
