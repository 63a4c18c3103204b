import Base

extension Problem {
    /// The step is no gate, or is not there yet.
    static let gateNotFound = Problem(404, "gate_not_found", "The run has no such gate, or has not come to it.")

    /// A gate that is not pending any more is not decided again.
    static func gateDecided(_ status: GateStatus) -> Problem {
        switch status {
        case .expired: Problem(409, "gate_expired", "Nobody decided in time.")
        default: Problem(409, "gate_decided", "The gate is \(status).", members: ["gateStatus": status.rawValue])
        }
    }
}
