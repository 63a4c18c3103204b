public import Base

extension UUID {
    /// The tenant of jobs that belong to no tenant: all zeros.
    public static var noTenant: UUID { UUID(high: 0, low: 0) }

    /// A random position for a claimant's first round-robin turn, so that many new claimants do not all begin with the same
    /// tenant.
    ///
    /// Identifiers of tenants sort by their creation time. Almost all uniformly random identifiers would sort after the
    /// youngest tenant, and the first turn would be the oldest tenant's again. The position is therefore an identifier of a
    /// random age, on a logarithmic scale: a minute counts among young tenants as much as a month among old ones.
    public static var anyTurn: UUID {
        let scale = 1 << Int.random(in: 0..<28)
        return .v7(at: .now() + .seconds(-Int.random(in: scale..<2 * scale)))
    }
}
