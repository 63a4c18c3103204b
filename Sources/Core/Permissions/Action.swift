public import Base

/// Something that a caller attempts, as the audit trail calls it, and what it takes.
public struct Action: Sendable {
    /// Its name in the audit trail, such as `team.update`.
    public let name: String

    /// What a member must be permitted, and an API key must have as a scope.
    public let scope: Scope

    /// Whether only a person may, and no API key.
    let isSessionOnly: Bool

    /// What a member is told who may not.
    let refusal: String

    /// Describes an action.
    public init(_ name: String, needs scope: Scope, sessionOnly: Bool = false, refusal: String) {
        self.name = name
        self.scope = scope
        isSessionOnly = sessionOnly
        self.refusal = refusal
    }
}

extension Context {
    /// The caller, where the credential is good for an attempt on a team.
    ///
    /// What the caller's membership permits is not asked here: the statements ask that, under their locks.
    ///
    /// - Throws: A 401 `Problem` when nobody is authenticated; a `Denial` for an API key without the scope, for one
    ///   that is for another team, for any where only a person may, and for who does not operate where that is needed.
    public func user<Team>(attempting action: Action, on team: ID<Team>) throws -> ID<User> {
        let caller = try requiredCaller
        try caller.requireCredential(for: action, on: team.uuid)
        if let only = caller.team, only != team.uuid { throw Denial.notMember(action, team: team) }
        return caller.user
    }

    /// The caller, where the credential is good for an attempt on no team in particular.
    ///
    /// - Throws: As ``user(attempting:on:)`` does. An API key that is for one team may only look.
    public func user(attempting action: Action) throws -> ID<User> {
        let caller = try requiredCaller
        try caller.requireCredential(for: action, on: nil)
        if caller.team != nil, action.scope != .read { throw Denial.outOfScope(action, team: nil) }
        return caller.user
    }
}

extension Caller {
    fileprivate func requireCredential(for action: Action, on team: UUID?) throws(Denial) {
        guard let scopes else {
            if action.scope == .operations, !mayOperate { throw Denial.noOperator(action) }
            return
        }
        if action.isSessionOnly {
            throw Denial(
                action,
                team: team,
                reason: .sessionRequired,
                problem: Problem(
                    status: 403,
                    code: "session_required",
                    detail: "An API key cannot do this: a person has to."
                )
            )
        }
        // What an operator does is the operators' business, whatever team it is done to.
        let isOperation = action.scope == .operations
        let isInScope = isOperation ? mayOperate : scopes.contains(action.scope)
        if !isInScope { throw Denial.outOfScope(action, team: isOperation ? nil : team) }
    }
}

extension Denial {
    /// The credential is not good for the action, whoever it is that has it.
    public static func outOfScope(
        _ action: Action,
        team: UUID?,
        _ detail: String = "The API key's scopes do not allow this."
    ) -> Denial {
        Denial(
            action,
            team: team,
            reason: .scope,
            problem: Problem(
                status: 403,
                code: "insufficient_scope",
                detail: detail,
                members: ["requiredPermission": action.scope.rawValue]
            )
        )
    }

    /// The caller does not operate the product.
    fileprivate static func noOperator(_ action: Action) -> Denial {
        Denial(
            action,
            team: nil,
            reason: .missingPermission,
            problem: Problem(
                status: 403,
                code: "forbidden",
                detail: action.refusal,
                members: ["requiredPermission": action.scope.rawValue]
            )
        )
    }
}
