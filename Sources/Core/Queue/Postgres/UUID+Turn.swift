public import Base

extension UUID {
    /// Whose turn it was before a claimant's first claim: anybody's, so that many who begin do not all begin with the same
    /// tenant.
    ///
    /// Identifiers of tenants sort by their time: all but a few random ones would come after the youngest, and the turn be
    /// the oldest's again. Of a random age, a minute's difference is among young tenants what a month's is among old ones.
    public static var anyTurn: UUID {
        let scale = 1 << Int.random(in: 0..<28)
        return .v7(at: .now() + .seconds(-Int.random(in: scale..<2 * scale)))
    }
}
