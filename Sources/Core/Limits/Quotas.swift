/// What an operator may set about how much is allowed.
public struct Quotas: Sendable {
    /// How many living teams one user may own.
    public var teams = 20

    /// How many members one team may have.
    public var members = 100

    /// How many invites of one team may be pending.
    public var invites = 50

    /// How many living API keys one user may have.
    public var keys = 50

    /// Which API keys are made, and taken.
    public var keyEnvironment = KeyEnvironment.live

    /// How often one team may invite; nil for no limit.
    public var invitations: Rate?

    /// How often one user may change something; nil for no limit.
    public var writes: Rate?

    /// How often one user may look at something; nil for no limit.
    ///
    /// Counting makes a write of every read.
    public var reads: Rate?

    /// What a team may spend on AI calls for which an operator set nothing else.
    public var aiBudget = Budget()

    /// How many steps of one team may be ready and wait for a worker before it can start no more runs.
    public var queuedStepsPerTeam = 10_000

    /// How many jobs there may be in total before nobody can start a run.
    public var queuedSteps = 1_000_000

    /// The quotas that hold when nobody sets any, and no rate limits.
    public init() {}
}
