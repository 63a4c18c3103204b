public import Base
public import Postgres

/// What a caller may see of a team: the membership, within the reach of the credential.
public struct Viewer: Sendable {
    /// The caller's role in the team; nil for an operator who is no member.
    public let role: Role?

    /// The permissions that both the membership and the credential give.
    public let permissions: [Permission]

    /// Whether the caller may see members' addresses, as those do who manage members.
    public let seesAddresses: Bool

    /// Reads a membership: the columns `role` and `permissions`.
    ///
    /// The holder of an API key sees no more than the key's scopes allow.
    public init(row: borrowing Row, as caller: Caller?) throws(PostgresError) {
        let role: Role? = try row["role"]
        let permitted = try row.known("permissions", Permission.self) ?? []
        let isInScope = { (permission: Permission) in caller?.scopes?.contains(Scope(permission)) ?? true }
        self.role = role
        permissions = permitted.filter(isInScope)
        // An override can leave an admin with less than the role permits.
        let isAdmin = role == .admin && Set(permitted).isSuperset(of: [.read, .write, .delete])
        let manages = role == .owner || isAdmin || permitted.contains(.admin)
        seesAddresses = manages && isInScope(.admin)
    }
}

/// An output about a team of the caller's, of which some members and some credentials see more than others.
public protocol TeamAnswer: OutputValue {
    /// The team: only its members get the answer again.
    var answeredTeam: UUID { get }

    /// Returns the members of a stored answer that depend on who sees it, as they are for a viewer.
    static func members(of answer: JSONValue, seenBy viewer: Viewer) -> [String: any JSONEncodable]
}

extension TeamAnswer {
    public static func members(of answer: JSONValue, seenBy viewer: Viewer) -> [String: any JSONEncodable] { [:] }

    /// Returns a stored answer as a viewer may see it now.
    static func answer(_ stored: JSONText, seenBy viewer: Viewer) -> JSONText {
        guard let answer = try? JSONDocument(parsing: stored.bytes).root else { return stored }
        let replacements = members(of: answer, seenBy: viewer)
        guard !replacements.isEmpty else { return stored }
        var json = JSONWriter(reserving: stored.bytes.count)
        json.object { json in
            for (name, value) in answer.members {
                json.member(name) { json in (replacements[name] ?? value.text).encode(to: &json) }
            }
        }
        return JSONText(trusted: json.bytes)
    }
}
