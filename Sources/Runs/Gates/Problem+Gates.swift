import Base

extension Problem {
    /// The step is no gate, or is not there yet.
    static let gateNotFound = Problem(
        status: 404,
        code: "gate_not_found",
        detail: "The run has no such gate, or has not come to it."
    )

    /// A gate that is not pending any more is not decided again.
    static func gateDecided(_ status: GateStatus) -> Problem {
        switch status {
        case .expired: Problem(status: 409, code: "gate_expired", detail: "Nobody decided in time.")
        default:
            Problem(
                status: 409,
                code: "gate_decided",
                detail: "The gate is \(status).",
                members: ["gateStatus": status.rawValue]
            )
        }
    }
}
