import Base
import Postgres

extension Migrator {
    /// A role that is named in a request, and what for.
    struct NamedRole {
        let field: String
        let name: String
        let isOperator: Bool
    }

    /// The roles that are not there.
    ///
    /// - Throws: `Violations` for roles that would not be held back, and for missing ones where none may be made.
    func missing(of roles: [NamedRole], mayCreate: Bool, _ transaction: borrowing Transaction) throws -> [NamedRole] {
        var missing: [NamedRole] = []
        var violations: [Violation] = []
        for role in roles {
            switch try standing(of: role, transaction) {
            case .missing where mayCreate: missing.append(role)
            case .missing:
                let rule = "must be the name of a role that exists"
                violations.append(Violation(field: role.field, .invalidFormat, rule))
            case .flawed(let rule):
                violations.append(Violation(field: role.field, .invalidFormat, rule))
            case .fit:
                continue
            }
        }
        if let violations = Violations(violations) { throw violations }
        return missing
    }

    /// Gives a role what it is for.
    func grant(to role: NamedRole, _ transaction: borrowing Transaction) throws(PostgresError) {
        if role.isOperator {
            try transaction.run("SELECT nofx.grant_operator_to(\(role.name)::name)")
        } else {
            try transaction.run("SELECT nofx.grant_to(\(role.name)::name)")
        }
    }

    private enum Standing {
        case missing
        case flawed(String)
        case fit
    }

    /// Looks whether row-level security holds a role back, and every role that it could turn into.
    ///
    /// An operator's policies let all rows through, so that nobody may be both.
    private func standing(of role: NamedRole, _ transaction: borrowing Transaction) throws(PostgresError) -> Standing {
        let rows = try transaction.run(
            """
            SELECT EXISTS (
                       SELECT FROM pg_roles b WHERE (b.rolsuper OR b.rolbypassrls OR b.rolcreaterole)
                       AND pg_has_role(r.oid, b.oid, 'MEMBER')
                   ) AS bypasses,
                   pg_has_role(r.oid, current_user, 'MEMBER') OR EXISTS (
                       SELECT FROM pg_class c WHERE c.relnamespace = to_regnamespace('nofx')
                       AND pg_has_role(r.oid, c.relowner, 'MEMBER')
                   ) AS owns,
                   coalesce(has_table_privilege(r.oid, to_regclass('nofx.team_members'), 'SELECT'), false) AS calls,
                   EXISTS (
                       SELECT FROM pg_policy p CROSS JOIN unnest(p.polroles) AS o
                       WHERE p.polrelid = to_regclass('nofx.outbox') AND o <> 0 AND pg_has_role(r.oid, o, 'MEMBER')
                   ) AS operates
            FROM pg_roles r WHERE r.rolname = \(role.name)
            """
        )
        guard let row = rows.first else { return .missing }
        if try row["bypasses"] { return .flawed("must not be able to bypass row-level security or to make roles") }
        if try row["owns"] { return .flawed("must not own the schema's tables, nor be a member of who does") }
        if role.isOperator, try row["calls"] { return .flawed("must not be a role that functions call with") }
        if !role.isOperator, try row["operates"] { return .flawed("must not be an operator's role") }
        return .fit
    }
}
