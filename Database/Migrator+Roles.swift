import Base
import Postgres

extension Migrator {
    /// A role that is named in a request, and what for.
    struct NamedRole {
        let field: String
        let name: String
        let isOperator: Bool
    }

    /// The roles that do not exist.
    ///
    /// - Parameters:
    ///   - roles: Those that are named in a request.
    ///   - mayCreate: Whether the request allows to create roles.
    ///   - isNew: Whether the database has no schema yet.
    ///   - transaction: The migration's own.
    /// - Returns: The roles to create.
    /// - Throws: `Violations` for roles that would not be held back, and for missing ones where none may be made.
    func missing(
        of roles: [NamedRole],
        mayCreate: Bool,
        isNew: Bool,
        _ transaction: borrowing Transaction
    ) throws -> [NamedRole] {
        var missing: [NamedRole] = []
        var violations: [Violation] = []
        for role in roles {
            switch try standing(of: role, isNew: isNew, transaction) {
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
        let kind = role.isOperator ? "operator" : "app"
        try transaction.run("SELECT nofx.grant_rights(\(role.name)::name, \(kind))")
    }

    private enum Standing {
        case missing
        case flawed(String)
        case fit
    }

    /// Looks whether row-level security holds a role back, and every role that it could turn into.
    ///
    /// An operator's policies let all rows through, so that nobody may be both.
    private func standing(
        of role: NamedRole,
        isNew: Bool,
        _ transaction: borrowing Transaction
    ) throws(PostgresError) -> Standing {
        let rows = try transaction.run(
            """
            SELECT EXISTS (
                       SELECT FROM pg_roles b WHERE (b.rolsuper OR b.rolbypassrls OR b.rolcreaterole)
                       AND pg_has_role(r.oid, b.oid, 'MEMBER')
                   ) AS bypasses,
                   pg_has_role(r.oid, current_user, 'MEMBER') OR EXISTS (
                       SELECT FROM pg_class c WHERE c.relnamespace = to_regnamespace('nofx')
                       AND pg_has_role(r.oid, c.relowner, 'MEMBER')
                   ) AS owns
            FROM pg_roles r WHERE r.rolname = \(role.name)
            """
        )
        guard let row = rows.first else { return .missing }
        if try row["bypasses"] { return .flawed("must not be able to bypass row-level security or to make roles") }
        if try row["owns"] { return .flawed("must not own the schema's tables, nor be a member of who does") }
        guard !isNew else { return .fit }
        let kinds = try transaction.run(
            """
            SELECT coalesce(bool_or(d.kind = 'app'), false) AS calls,
                   coalesce(bool_or(d.kind = 'operator'), false) AS operates
            FROM nofx.database_roles d JOIN pg_roles b ON b.rolname = d.name
            WHERE pg_has_role(\(role.name)::name, b.oid, 'MEMBER')
            """
        )
        guard let row = kinds.first else { return .fit }
        if role.isOperator, try row["calls"] { return .flawed("must not be a role that functions call with") }
        if !role.isOperator, try row["operates"] { return .flawed("must not be an operator's role") }
        return .fit
    }
}
