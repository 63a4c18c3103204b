import Base

extension Problem {
    static let quotaExceeded = Problem(
        403,
        "quota_exceeded",
        "You own as many teams as you may: \(Team.quota).",
        members: ["quota": "teams"]
    )

    static let slugTaken = Problem(409, "slug_taken", "Another team has this slug, or it is reserved.")

    static let versionConflict = Problem(
        409,
        "version_conflict",
        "The team has changed since the version that you named."
    )
}
