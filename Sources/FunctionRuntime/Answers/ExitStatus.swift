import Base

/// How a process ends that was started for one call (the codes of `sysexits.h`).
enum ExitStatus {
    static let success: Int32 = 0
    static let usage: Int32 = 64
    static let inputOutput: Int32 = 74

    /// The status that tells a script what to do about a problem.
    static func of(_ problem: Problem) -> Int32 {
        switch (problem.code, problem.status) {
        case ("misconfigured", _), ("database_encoding", _): 78
        case ("database_not_migrated", _), ("database_incompatible", _): 78
        // Trying again could do it twice.
        case ("outcome_unknown", _): 70
        case (_, 401), (_, 402), (_, 403): 77
        case (_, 404): 66
        case (_, 409): 73
        case (_, 429), (_, 503): 75
        case (_, 400..<500): 65
        default: 70
        }
    }
}
