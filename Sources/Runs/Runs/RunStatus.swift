public import Base
public import Postgres

/// How a run stands.
public enum RunStatus: String, InputEnumeration, OutputValue, PostgresEncodable, PostgresDecodable {
    case running
    /// Nothing goes on before somebody decides a gate.
    case waiting
    /// It was cancelled, and workers have not come back yet.
    case cancelling
    case succeeded, failed, cancelled

    /// Whether something may still happen by itself.
    var isOpen: Bool {
        switch self {
        case .running, .waiting, .cancelling: true
        case .succeeded, .failed, .cancelled: false
        }
    }

    /// Whether it ended without success.
    var isUnsuccessful: Bool { self == .failed || self == .cancelled }
}
