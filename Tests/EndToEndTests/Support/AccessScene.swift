import Base
import Core
import Postgres
import TestSupport

/// A credential and its user's position in the team of a call: a column of the table of access.
struct Holder: Sendable {
    /// The name of the column.
    let name: String

    /// The role in the team; nil for no member.
    var role: String?

    /// The permissions instead of the role's.
    var override: [String]?

    /// The scopes of the API key; nil for a token.
    var key: [String]?

    /// The scopes of the token.
    var scopes: [String] = []

    /// The defect of the credential or of its user.
    var fault: Fault?

    enum Fault { case none, forged, expired, removed, disabled, revoked, otherTeam }

    static let all = [
        Holder(name: "nobody", fault: Fault.none),
        Holder(name: "forged-token", role: "owner", fault: .forged),
        Holder(name: "expired-token", role: "owner", fault: .expired),
        Holder(name: "owner", role: "owner"),
        Holder(name: "admin", role: "admin"),
        Holder(name: "member", role: "member"),
        Holder(name: "viewer", role: "viewer"),
        Holder(name: "admin-that-may-read", role: "admin", override: ["read"]),
        Holder(name: "admin-that-may-read-and-admin", role: "admin", override: ["read", "admin"]),
        Holder(name: "admin-suspended", role: "admin", override: []),
        Holder(name: "member-that-may-delete", role: "member", override: ["read", "write", "delete"]),
        Holder(name: "viewer-that-may-write", role: "viewer", override: ["read", "write"]),
        Holder(name: "stranger"),
        Holder(name: "former-admin", role: "admin", fault: .removed),
        Holder(name: "former-admin-key", role: "admin", key: ["read", "write", "admin"], fault: .removed),
        Holder(name: "disabled-admin", role: "admin", fault: .disabled),
        Holder(name: "disabled-admin-key", role: "admin", key: ["read", "write", "admin"], fault: .disabled),
        Holder(name: "operator", scopes: ["admin:ops"]),
        Holder(name: "operator-key", key: ["admin:ops"], scopes: ["admin:ops"]),
        Holder(name: "disabled-operator", scopes: ["admin:ops"], fault: .disabled),
        Holder(name: "disabled-operator-key", key: ["admin:ops"], scopes: ["admin:ops"], fault: .disabled),
        Holder(name: "owner-key-read", role: "owner", key: ["read"]),
        Holder(name: "owner-key-write", role: "owner", key: ["read", "write"]),
        Holder(name: "owner-key-admin", role: "owner", key: ["read", "write", "delete", "admin"]),
        Holder(name: "owner-key-revoked", role: "owner", key: ["read", "write", "delete", "admin"], fault: .revoked),
        Holder(name: "owner-key-of-another-team", role: "owner", key: ["read", "write", "admin"], fault: .otherTeam),
    ]
}

/// A database with the users of all columns, and a separate team for each cell of the table of access.
///
/// A call changes only the team of its own cell, so that the order of the calls does not matter.
final class AccessScene: Sendable {
    private struct User: Sendable {
        let id: UUID
        let headers: [String: String]
    }

    private let database: TestDatabase
    private let owner = UUID.v7()
    private let target = UUID.v7()
    private let users: [User]

    init() throws {
        database = try TestDatabase()
        users = try Holder.all.map { [database] holder in
            try Self.makeUser(holder, in: database)
        }
        for user in [owner, target] { try Self.addUser(user, to: database) }
    }

    /// Makes a call with a credential, on a new team.
    ///
    /// - Parameters:
    ///   - function: The endpoint.
    ///   - input: The input, with placeholders for ids of the cell's team.
    ///   - column: The index of the credential.
    /// - Returns: The status of the answer, and the code of a problem.
    /// - Throws: `PostgresError`, or an error if the process gives no answer.
    func answer(_ function: String, _ input: String, column: Int) throws -> String {
        let holder = Holder.all[column]
        let input = try fill(input, function: function, holder: holder, user: users[column].id)
        let environment = [
            "NOFX_MAX_TEAMS": "100000", "NOFX_MAIL_FROM": "mail@acme.example", "NOFX_SMTP_URL": "smtp://127.0.0.1:1",
        ]
        let outcome = try database.function(function, environment: environment)
            .run(Events.v2(input, headers: users[column].headers))
        let answer = try outcome.json()
        guard let status = answer["statusCode"]?.integer, let body = answer["body"]?.string else {
            throw TestDatabase.NotOneTeam(output: outcome.output)
        }
        let code = try JSONDocument(parsing: Array(body.utf8)).root["code"]?.string
        return status < 400 ? "\(status)" : "\(status) \(code ?? "")"
    }

    // MARK: - Users

    private static func makeUser(_ holder: Holder, in database: TestDatabase) throws -> User {
        let id = UUID.v7()
        let subject = id.description
        try addUser(id, to: database)
        let token = try TestFunction.token(
            for: subject,
            email: "\(holder.name)@example.com",
            scopes: holder.scopes
        )
        var headers = ["authorization": "Bearer \(token)"]
        switch holder.fault {
        case Holder.Fault.none?: headers = [:]
        case .forged: headers["authorization"] = "Bearer \(token.dropLast(4))AAAA"
        case .expired:
            let claims = Tokens.claims(["sub": "\"\(subject)\"", "iat": nil, "exp": "1700000000"])
            headers["authorization"] = "Bearer \(Tokens.signed(claims: claims))"
        default: break
        }
        if let scopes = holder.key {
            var team = ""
            if holder.fault == .otherTeam { team = #","teamId":"\#(try database.makeTeam(as: subject))""# }
            let scopes = scopes.map { "\"\($0)\"" }.joined(separator: ",")
            let made = try TestFunction("createApiKey", database: database.url, token: token)
                .run(#"{"name":"key","scopes":[\#(scopes)]\#(team)}"#)
            guard let key = try made.json()["key"]?.string else {
                throw TestDatabase.NotOneTeam(output: made.output)
            }
            headers = ["x-api-key": key]
        }
        switch holder.fault {
        case .disabled: try database.rows("UPDATE nofx.users SET disabled_at = now() WHERE subject = \(subject)")
        case .revoked:
            try database.rows(
                "UPDATE nofx.api_keys SET revoked_at = now() WHERE user_id::text = \(subject)"
            )
        default: break
        }
        return User(id: id, headers: headers)
    }

    private static func addUser(_ user: UUID, to database: TestDatabase) throws {
        try database.rows(
            """
            INSERT INTO nofx.users (id, issuer, subject) VALUES (\(user), \(TestFunction.issuer), \(user.description))
            """
        )
    }

    // MARK: - A team for one call

    /// Makes a team and fills the input's placeholders with its ids.
    private func fill(_ input: String, function: String, holder: Holder, user: UUID) throws -> String {
        let (team, member, leader) = (UUID.v7(), UUID.v7(), holder.role == "owner" ? user : owner)
        try database.rows(
            """
            WITH t AS (
                INSERT INTO nofx.teams (id, name, slug, owner_id)
                VALUES (\(team), 'Acme', \("t-\(team)"), \(leader))
            ), l AS (
                INSERT INTO nofx.team_members (team_id, user_id, role) VALUES (\(team), \(leader), 'owner')
            )
            INSERT INTO nofx.team_members (id, team_id, user_id, role) VALUES (\(member), \(team), \(target), 'viewer')
            """
        )
        if let role = holder.role, role != "owner", holder.fault != .removed {
            try database.rows(
                """
                INSERT INTO nofx.team_members (team_id, user_id, role, permissions)
                VALUES (\(team), \(user), \(role), \(holder.override))
                """
            )
        }
        var values = ["TEAM": team.description, "MEMBER": member.description]
        if input.contains("RUN") { values["RUN"] = try makeRun(team, by: leader) }
        if input.contains("INVITE") { values["INVITE"] = try makeInvite(team, by: leader) }
        if input.contains("WEBHOOK") { values["WEBHOOK"] = try makeWebhook(team, by: leader) }
        if input.contains("KEY") { values["KEY"] = try makeKey(of: user) }
        if function == "restoreTeam" {
            try database.rows(
                "UPDATE nofx.teams SET deleted_at = now(), purge_after = now() + interval '1 day' WHERE id = \(team)"
            )
        }
        return values.reduce(input) { $0.replacing($1.key, with: $1.value) }
    }

    private func makeRun(_ team: UUID, by user: UUID) throws -> String {
        let caller = Caller(user: ID(user), issuer: TestFunction.issuer, subject: user.description, email: nil)
        let run = try database.startRun(
            [TestStep("build"), TestStep("approve", "gate:manual")],
            team: team,
            by: caller
        )
        try database.rows(
            """
            INSERT INTO nofx.artifacts (team_id, run_id, step_no, name, content_type, sha256, content)
            VALUES (\(team), \(run), 0, 'notes.txt', 'text/plain', sha256('notes'), 'notes')
            """
        )
        return run.description
    }

    private func makeInvite(_ team: UUID, by user: UUID) throws -> String {
        try database.value(
            """
            INSERT INTO nofx.team_invites (team_id, email, email_normalized, role, invited_by)
            VALUES (\(team), 'eve@example.com', 'eve@example.com', 'viewer', \(user)) RETURNING id::text
            """
        )
    }

    private func makeWebhook(_ team: UUID, by user: UUID) throws -> String {
        try database.value(
            """
            INSERT INTO nofx.webhooks (team_id, id, url, events, created_by)
            VALUES (\(team), gen_random_uuid(), 'https://hooks.example/', '{run.succeeded}', \(user)) RETURNING id::text
            """
        )
    }

    /// Makes another API key of the user.
    private func makeKey(of user: UUID) throws -> String {
        let id = String(UUID.v7().description.filter { $0 != "-" }.suffix(12))
        try database.rows(
            """
            INSERT INTO nofx.api_keys (id, user_id, name, secret_hash, scopes)
            VALUES (\(id), \(user), 'another key', sha256(\(id)::bytea), '{read}')
            """
        )
        return id
    }
}
