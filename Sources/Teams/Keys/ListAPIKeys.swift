public import Base
public import Core
import Postgres

extension IssuedKey {
    /// The input of listApiKeys.
    public struct Request: InputObject {
        let limit: PageLimit
        let cursor: Cursor?

        public static let schema = Schema(.limit(of: "keys"), .cursor, into: Request.init)
    }

    private static var listing: Action {
        Action("key.list", needs: .read, refusal: "Insufficient permissions to list API keys")
    }

    /// Lists the caller's API keys, newest first, with those that have expired or were revoked.
    ///
    /// A caller with an API key for one team sees only keys for that team.
    ///
    /// - Throws: A `Denial` for a key without the scope; 422 `invalid_cursor` for a cursor of another list.
    public static func list(_ request: Request, in context: inout Context) throws -> Page<IssuedKey> {
        let user = try context.user(attempting: listing)
        let team = context.caller?.team
        let list = try Listing<KeysetPosition<KeyID>>(
            "listApiKeys",
            binding: user.description,
            limit: request.limit,
            cursor: request.cursor
        )
        let rows = try context.read(
            """
            SELECT * FROM nofx.api_keys
            WHERE user_id = \(user) AND (\(team) IS NULL OR team_id = \(team))
              AND \(fragment: list.isBelow("created_at, id"))
            ORDER BY created_at DESC, id DESC
            LIMIT \(list.rowLimit)
            """
        )
        return list.page(try rows.decode(IssuedKey.self)) { KeysetPosition($0.createdAt, $0.id) }
    }
}
