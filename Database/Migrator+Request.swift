public import Base

extension Migrator {
    /// What is to be done beside the migrations.
    public struct Request: InputObject {
        let isDryRun: Bool
        let roles: [NamedRole]
        let createsRoles: Bool

        init(
            isDryRun: Bool = false,
            grantTo grantee: RoleName? = nil,
            grantOperatorTo operating: RoleName? = nil,
            createsRoles: Bool = false
        ) throws(Violations) {
            if let grantee, let operating, grantee.rawValue.utf8.elementsEqual(operating.rawValue.utf8) {
                throw Violations(
                    Violation(field: "grantOperatorTo", .invalidFormat, "must be another role than grantTo")
                )
            }
            self.isDryRun = isDryRun
            self.createsRoles = createsRoles
            roles = [
                grantee.map { NamedRole(field: "grantTo", name: $0.rawValue, isOperator: false) },
                operating.map { NamedRole(field: "grantOperatorTo", name: $0.rawValue, isOperator: true) },
            ].compactMap { $0 }
        }

        public static let schema = Schema(
            .optional("dryRun", Bool.self, default: false, "Only say what would be done."),
            .optional("grantTo", RoleName.self, "A role to give what the functions need."),
            .optional("grantOperatorTo", RoleName.self, "A role to give what deliverOutbox and purge need."),
            .optional("createRoles", Bool.self, default: false, "Make the roles that do not exist, without passwords."),
            into: { isDryRun, grantee, operating, createsRoles throws(Violations) in
                try Request(
                    isDryRun: isDryRun,
                    grantTo: grantee,
                    grantOperatorTo: operating,
                    createsRoles: createsRoles
                )
            }
        )
    }
}
