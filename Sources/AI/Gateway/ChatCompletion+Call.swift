import Base
public import Core
import Postgres
import Reliability
import Teams

extension ChatReply {
    private static var asking: Action {
        Action("ai.ask", needs: .write, refusal: "Insufficient permissions to ask AI providers")
    }

    /// Asks the providers for a team's program.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - providers: The configured providers.
    ///   - policy: The policy of calls.
    ///   - context: The caller. A streamed answer is sent through its stream, if it has one.
    /// - Returns: The answer.
    /// - Throws: A `Denial`; 403 `team_required` or `policy_denied`; `Violations` for what is not supported; the `Problem`
    ///   of an ``AIError``.
    public static func make(
        _ request: ChatRequest,
        from providers: Providers,
        under policy: CallPolicy,
        in context: inout Context
    ) throws -> ChatReply {
        let (team, allowed) = try context.payingTeam(request.team, attempting: asking)
        let question = try CompletionRequest(request, model: nil)
        var stores = PostgresStores(context.separateDatabase(), as: context.caller, log: context.log)
        stores.usageLimit = .seconds(5)
        var client = AIClient(
            providers,
            policy.withBudget(context.quotas.aiBudget),
            stores: FallbackCircuitBreakerStore(stores, log: context.log),
            log: context.log
        )
        let events = ChatEvents(
            id: "chatcmpl-\(UUID.v7())",
            created: Int(Timestamp.now().secondsSince1970),
            model: request.model.text,
            includesUsage: request.includesUsage
        )
        let stream = request.isStreamed ? context.stream : nil
        let cancellation = Cancellation()
        var isFirst = true
        let onText = stream.map { stream in
            { (text: String) in
                // A client that has gone need not be answered.
                if !stream.write(events.text(text, isFirst: isFirst)) { cancellation.cancel() }
                isFirst = false
            }
        }
        do {
            let candidates = try client.candidates(for: providers.choice(of: request.model.text), allowing: allowed)
            guard !candidates.isEmpty else { throw Problem.modelsDenied }
            let answer = try client.call(
                question,
                trying: candidates,
                for: team.uuid,
                deadline: context.deadline,
                cancellation: cancellation,
                trace: context.log.trace,
                onText: onText,
                // Providers stream to this process in any case: a long answer then has more time than one attempt.
                onProgress: { _ in }
            )
            let completion = ChatCompletion(answer, id: events.id, created: events.created)
            guard let stream else {
                return ChatReply(
                    completion: completion,
                    events: request.isStreamed ? events.all(of: completion) : nil
                )
            }
            _ = stream.write(events.end(completion))
            return ChatReply(completion: completion, events: nil)
        } catch let error as AIError {
            if let stream, stream.hasBegun { _ = stream.write(ChatEvents.failure(error.problem)) }
            throw error.problem
        }
    }
}

extension Context {
    /// The team that pays for a call, if the caller may spend its money, and the models that it may use.
    fileprivate mutating func payingTeam(
        _ named: ID<Team>?,
        attempting action: Action
    ) throws -> (team: ID<Team>, allowed: AllowedModels) {
        guard let team = named ?? caller?.team.map(ID<Team>.init) else {
            throw Problem(
                status: 403,
                code: "team_required",
                detail: "The credential is not for one team. Name the team that pays in teamId."
            )
        }
        let user = try user(attempting: action, on: team)
        let rows = try read(
            """
            WITH \(fragment: .actor(user, in: team))
            SELECT a.role, 'write' = ANY (a.permissions) AS allowed, p.models,
                   nofx.is_tool_allowed('ai:generate', p.tools, p.allows_all, \(quotas.defaultTools.names)) AS has_tool
            FROM actor a LEFT JOIN nofx.tool_policies p ON p.team_id = \(team)
            """
        )
        guard let row = rows.first else { throw Denial.notMember(action, team: team) }
        guard try row["allowed"] else { throw Denial.missing(action, team: team, role: try row["role"]) }
        guard try row["has_tool"] else {
            throw Problem(
                status: 403,
                code: "policy_denied",
                detail: "The team may not use ai:generate. An operator allows it with setToolPolicy."
            )
        }
        return (team, AllowedModels(try row["models"]))
    }
}

extension Providers {
    /// What to ask for a model: a route, the provider that the name begins with, or all in their order.
    fileprivate func choice(of name: String) -> ModelChoice {
        let route = "route:"
        if name.hasPrefix(route) { return .route(String(name.dropFirst(route.count))) }
        let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[1].isEmpty, self[parts[0]] != nil else { return .providers(nil, model: name) }
        return .providers([parts[0]], model: parts[1])
    }
}

extension Problem {
    fileprivate static let modelsDenied = Problem(
        status: 403,
        code: "policy_denied",
        detail: "The team may not use this model or route. An operator allows it with setToolPolicy."
    )
}

extension CallPolicy {
    fileprivate func withBudget(_ budget: Budget) -> CallPolicy {
        var copy = self
        copy.budget = budget
        return copy
    }
}
