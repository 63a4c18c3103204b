/// How many retries are left in one run.
struct RetryAllowance {
    private var left: Int
    private var limited = 0

    init(_ maxRetries: Int) {
        left = maxRetries
    }

    /// Takes a retry, if the decision is for one and there is one left.
    mutating func take(_ decision: RetryDecision) -> Bool {
        guard left > 0 else { return false }
        switch decision {
        case .stop: return false
        case .retry: break
        case .retryAtMost(let limit, _):
            guard limited < limit else { return false }
            limited += 1
        }
        left -= 1
        return true
    }
}

extension RetryDecision {
    /// What the server asks for.
    var retryAfter: RetryAfter? {
        switch self {
        case .stop: nil
        case .retry(let after), .retryAtMost(_, let after): after
        }
    }
}
