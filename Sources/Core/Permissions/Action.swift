public import Base

/// An action of a caller: its name in the audit trail and the permission that it needs.
public struct Action: Sendable {
    /// Its name in the audit trail, such as `team.update`.
    public let name: String

    /// What a member must be permitted, and an API key must have as a scope.
    public let scope: Scope

    /// Whether only a person may, and no API key.
    let isSessionOnly: Bool

    /// The error detail for a member without the permission.
    let refusal: String

    /// Describes an action.
    public init(_ name: String, needs scope: Scope, sessionOnly: Bool = false, refusal: String) {
        self.name = name
        self.scope = scope
        isSessionOnly = sessionOnly
        self.refusal = refusal
    }
}

/// The action that a call attempts, and the team that the caller named for it.
struct Attempt: Sendable {
    let action: Action
    let team: UUID?
}

extension Context {
    /// The caller, if the credential allows the action on the team.
    ///
    /// The membership is not checked here: the statements check it under their locks.
    ///
    /// - Throws: A 401 `Problem` when the caller is not authenticated; a `Denial` for an API key without the scope, for one
    ///   of another team, for any key if the action needs a person, and for a caller who must be an operator and is not.
    public mutating func user<Team>(attempting action: Action, on team: ID<Team>) throws -> ID<User> {
        attempt = Attempt(action: action, team: team.uuid)
        let caller = try requiredCaller
        try caller.requireCredential(for: action, on: team.uuid)
        if let only = caller.team, only != team.uuid { throw Denial.notMember(action, team: team) }
        return caller.user
    }

    /// The caller, if the credential allows an action that is not on a team.
    ///
    /// - Throws: As ``user(attempting:on:)`` does. An API key that is for one team may only look.
    public mutating func user(attempting action: Action) throws -> ID<User> {
        attempt = Attempt(action: action, team: nil)
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
                    detail: "An API key cannot do this. Use a session token."
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
    /// The credential does not allow the action, whatever its user may do.
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

    /// The caller is not an operator.
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
