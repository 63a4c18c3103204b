public import Base
public import Core

/// What `gate:manual` is given: who decides, and how.
///
/// A gate is no worker's, so nothing in its inputs can refer to other steps or to secrets.
public struct GateInputs: InputObject, OutputObject {
    /// The role that decides, or a higher one; nil for who manages the team.
    public let role: Role?

    /// Whether the gate can be waived.
    public let allowsWaiver: Bool

    /// Whether somebody else than who started the run has to decide.
    public let needsFourEyes: Bool

    /// How long the gate waits before it expires; nil for as long as its run.
    public let expiresIn: Duration?

    /// What whoever decides is told.
    public let message: String?

    public static var rule: String { "object" }

    public static let fields: [OutputField<GateInputs>] = [
        OutputField("role", "The role that decides; null for who manages the team.") { $0.role },
        OutputField("allowWaive", "Whether the gate can be waived.") { $0.allowsWaiver },
        OutputField("fourEyes", "Whether somebody else than who started the run decides.") { $0.needsFourEyes },
        OutputField("expiresInSeconds", "How long it waits; null for as long as its run.") {
            $0.expiresIn?.wholeSeconds
        },
        OutputField("message", "What whoever decides is told.") { $0.message },
    ]

    public static let schema = Schema(
        .optional("role", Role.self, "The role that decides, or a higher one; by default who manages the team."),
        .optional("allowWaive", Bool.self, default: true, "Whether the gate can be waived."),
        .optional("fourEyes", Bool.self, default: false, "Whether somebody else than who started the run decides."),
        .integer("expiresInSeconds", in: 1...30 * 86_400, "How long it waits; by default as long as its run."),
        .text("message", TextRule(1...1_000, allowsLines: true), "What whoever decides is told."),
        into: { role, allowsWaiver, needsFourEyes, expiresIn, message in
            GateInputs(
                role: role,
                allowsWaiver: allowsWaiver,
                needsFourEyes: needsFourEyes,
                expiresIn: expiresIn.map { .seconds($0) },
                message: message
            )
        }
    )
}
