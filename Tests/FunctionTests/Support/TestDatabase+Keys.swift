import Base
import Core
import Postgres
import TestSupport

@testable import FunctionRuntime
@testable import Teams
@testable import nofx

extension TestDatabase {
    /// Makes an API key of a user and returns it with its secret.
    func key(
        of caller: Caller,
        _ name: String = "CI",
        scopes: [Scope] = .ofMembers,
        team: Team? = nil
    ) throws -> NewKey {
        try call(CreateAPIKey.self, draft(name, scopes: scopes, team: team), as: caller)
    }

    /// Authenticates an API key, as the runtime does.
    ///
    /// - Throws: A `Problem` if the key is refused.
    func caller(with key: String, in environment: KeyEnvironment = .live, log: Log = .silent) throws -> Caller {
        var context = try context(for: nil, log: log)
        return try KeyAuthenticator(environment: environment).caller(key, in: &context)
    }

    /// A caller with a new API key of a user.
    func keyHolder(for caller: Caller, _ scopes: [Scope], team: Team? = nil) throws -> Caller {
        let name = "Key \(UUID.v7())"
        return try self.caller(with: key(of: caller, name, scopes: scopes, team: team).key.reveal())
    }

    /// The number of tables that contain a text in any column.
    func countOfTables(with text: String) throws -> Int {
        let encoded = Base64.encode(Array(text.utf8))
        return try value(
            """
            SELECT count(*) FROM pg_tables t
            CROSS JOIN LATERAL query_to_xml(format('SELECT * FROM nofx.%I', t.tablename), true, false, '') AS x
            WHERE t.schemaname = 'nofx' AND (x::text LIKE '%' || \(text) || '%' OR x::text LIKE '%' || \(encoded) || '%')
            """
        )
    }
}

extension NewKey {
    /// The input that names only the key.
    var reference: String { #"{"keyId":"\#(id)"}"# }

    /// The secret part of the key.
    var secret: String { String(key.reveal().suffix(49).prefix(43)) }
}

/// The input that creates an API key.
func draft(_ name: String, scopes: [Scope] = [.read], team: Team? = nil, more: String = "") -> String {
    var json = JSONWriter()
    json.object { json in
        json.member("name", name)
        json.member("scopes", scopes.map(\.rawValue))
        json.member("teamId", team?.id)
    }
    return String(decoding: json.bytes.dropLast(), as: UTF8.self) + more + "}"
}
