import Core

extension [Scope] {
    /// All scopes that concern teams.
    static var ofMembers: [Scope] { Permission.allCases.map(Scope.init) }
}
