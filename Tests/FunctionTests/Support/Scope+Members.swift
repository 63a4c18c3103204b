import Core

extension [Scope] {
    /// Every scope that is about teams.
    static var ofMembers: [Scope] { Permission.allCases.map(Scope.init) }
}
