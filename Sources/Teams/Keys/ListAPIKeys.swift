public import Base
public import Core
import Postgres

extension IssuedKey {
    /// Which part of the list is wanted.
    public struct Request: InputObject {
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(
            .optional("limit", PageLimit.self, default: .standard, "How many keys to answer."),
            .optional("cursor", Cursor.self, "The nextCursor of the page before; the first page by default."),
            into: Request.init
        )
    }

    private static var listing: Action {
        Action("key.list", needs: .read, refusal: "Insufficient permissions to list API keys")
    }

    /// The caller's API keys, also those that have ended, the newest first.
    ///
    /// A key that is for one team sees only those that are for the same.
    ///
    /// - Throws: A `Denial` for a key without the scope; 422 `invalid_cursor` for a cursor of another list.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<IssuedKey> {
        let user = try context.user(attempting: listing)
        let (team, environment) = (context.caller?.team, context.settings.keyEnvironment)
        let (endpoint, scope) = ("listApiKeys", user.description)
        let after: KeysetPosition<KeyID>? = try request.cursor.map {
            try KeysetPosition($0, of: endpoint, scope: scope)
        }
        let rows = try context.read(
            """
            SELECT * FROM nofx.api_keys
            WHERE user_id = \(user) AND (\(team) IS NULL OR team_id = \(team))
              AND (\(after == nil) OR (created_at, id) < (\(after?.time), \(after?.key)))
            ORDER BY created_at DESC, id DESC
            LIMIT \(request.limit.count + 1)
            """
        )
        let found = try (0..<rows.count).map { try IssuedKey(row: rows[$0], in: environment) }
        return Page(found, limit: request.limit) {
            KeysetPosition($0.createdAt, $0.id).cursor(of: endpoint, scope: scope)
        }
    }
}
