public import Base
public import Core
import Postgres

/// An invite on the one occasion that its token is told.
public struct NewInvite: OutputObject {
    /// Names the invite.
    public let id: ID<Invite>

    /// The address, as it was written.
    public let email: String

    /// The role that whoever accepts gets.
    public let role: Role

    /// What has become of it: nothing yet.
    public let status: InviteStatus

    /// Until when it can be accepted.
    public let expiresAt: Timestamp

    /// When it was made.
    public let createdAt: Timestamp

    /// What whoever is invited accepts with.
    public let acceptToken: OneTimeSecret

    init(_ token: InviteToken, row: borrowing Row) throws(PostgresError) {
        id = try row["id"]
        email = try row["email"]
        role = try row["role"]
        status = try row["status"]
        expiresAt = try row["expires_at"]
        createdAt = try row["created_at"]
        acceptToken = OneTimeSecret(token.text)
    }

    public static let fields: [OutputField<NewInvite>] = [
        OutputField("id", "The invite, for listInvites and cancelInvite.") { $0.id },
        OutputField("email", "The address.") { $0.email },
        OutputField("role", "The role that it is for.") { $0.role },
        OutputField("status", "What has become of it: it is pending.") { $0.status },
        OutputField("expiresAt", "Until when it can be accepted.") { $0.expiresAt },
        OutputField("createdAt", "When it was made.") { $0.createdAt },
        OutputField("acceptToken", "What acceptInvite takes. It is told this once.") { $0.acceptToken },
    ]
}
