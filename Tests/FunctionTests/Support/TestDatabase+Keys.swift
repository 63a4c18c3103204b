import Base
import Core
import Postgres
import TestSupport

@testable import FunctionRuntime
@testable import Teams
@testable import nofx

extension TestDatabase {
    /// A new API key of somebody, as it was told.
    func key(
        of caller: Caller,
        _ name: String = "CI",
        scopes: [Scope] = .ofMembers,
        team: Team? = nil
    ) throws -> NewKey {
        try call(CreateAPIKey.self, draft(name, scopes: scopes, team: team), as: caller)
    }

    /// Who comes with an API key, as the runtime finds out.
    ///
    /// - Throws: A `Problem` when the key is refused.
    func caller(with key: String, in environment: KeyEnvironment = .live, log: Log = .silent) throws -> Caller {
        var context = try context(for: nil, log: log)
        return try KeyAuthenticator(environment: environment).caller(key, in: &context)
    }

    /// Who comes with a new API key of somebody.
    func keyHolder(for caller: Caller, _ scopes: [Scope], team: Team? = nil) throws -> Caller {
        let name = "Key \(UUID.v7())"
        return try self.caller(with: key(of: caller, name, scopes: scopes, team: team).key.reveal())
    }

    /// In how many tables a text stands, in whatever column.
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
    /// An event that names the key and nothing else.
    var reference: String { #"{"keyId":"\#(id)"}"# }

    /// What nobody else may ever learn.
    var secret: String { String(key.reveal().suffix(49).prefix(43)) }
}

/// An event that asks for an API key.
func draft(_ name: String, scopes: [Scope] = [.read], team: Team? = nil, more: String = "") -> String {
    var json = JSONWriter()
    json.object { json in
        json.member("name", name)
        json.member("scopes", scopes.map(\.rawValue))
        json.member("teamId", team?.id)
    }
    return String(decoding: json.bytes.dropLast(), as: UTF8.self) + more + "}"
}
