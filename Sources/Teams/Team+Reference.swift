public import Base

extension Team {
    /// Names a team.
    public struct Reference: InputObject {
        /// The team.
        public let team: ID<Team>

        public static let schema = Schema(
            Field("teamId", ID<Team>.self, "The team."),
            into: Reference.init
        )
    }
}
