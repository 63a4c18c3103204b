package import Base

extension Problem {
    /// What there may be only so many of.
    package enum Quota: String {
        case teams, members, invites, keys, webhooks

        fileprivate func reached(_ limit: Int) -> String {
            switch self {
            case .teams: "You own as many teams as you may: \(limit)."
            case .members: "The team has as many members and pending invites as it may have members: \(limit)."
            case .invites: "The team has as many pending invites as it may: \(limit)."
            case .keys: "You have as many API keys as you may: \(limit)."
            case .webhooks: "The team has as many webhooks as it may: \(limit)."
            }
        }
    }

    package static func quotaExceeded(_ quota: Quota, _ limit: Int) -> Problem {
        Problem(403, "quota_exceeded", quota.reached(limit), members: ["quota": quota.rawValue])
    }

    static let slugTaken = Problem(409, "slug_taken", "Another team has this slug, or it is reserved.")

    static let versionConflict = Problem(
        409,
        "version_conflict",
        "The team has changed since the version that you named."
    )
}
