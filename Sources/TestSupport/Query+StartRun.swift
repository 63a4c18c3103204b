public import Base
public import Postgres

extension Query {
    /// Starts a run, as `startRun` does after it has validated the plan; the row has the `outcome`.
    ///
    /// - Parameters:
    ///   - run: The identifier of the run.
    ///   - steps: Its steps, each after those that it depends on.
    ///   - team: The team that owns it.
    ///   - goal: Its purpose.
    ///   - deadline: Its time limit.
    ///   - teamLimit: The maximum number of queued steps of the team.
    /// - Returns: The statement, for a transaction that has set the caller.
    public static func startRun(
        _ run: UUID,
        _ steps: [TestStep],
        of team: UUID,
        goal: String = "A goal.",
        deadline: Duration? = nil,
        teamLimit: Int = 1_000_000
    ) -> Query {
        let numbers = Dictionary(uniqueKeysWithValues: steps.enumerated().map { ($1.name, $0) })
        let dependencies = steps.map { $0.dependencies.compactMap { numbers[$0] } }
        var dependents: [[Int]] = Array(repeating: [], count: steps.count)
        for (number, before) in dependencies.enumerated() {
            for dependency in before { dependents[dependency].append(number) }
        }
        var json = JSONWriter()
        json.object { json in
            json.column("name", steps) { $0.name }
            json.column("tool", steps) { $0.tool }
            json.column("topic", steps) { $0.topic }
            json.column("inputs", steps) { $0.completeInputs }
            json.column("deps", dependencies, literal)
            json.column("dependents", dependents, literal)
            json.column("continues", steps) { $0.continues }
            json.column("priority", steps) { $0.priority }
            json.column("max_attempts", steps) { $0.attempts }
            json.column("timeout_s", steps) { $0.timeout?.wholeSeconds ?? ($0.topic.hasPrefix("ai.") ? 600 : 60) }
            json.column("retry_base_s", steps) { $0.backoff.lowerBound }
            json.column("retry_cap_s", steps) { $0.backoff.upperBound }
            json.column("delay_s", steps) { $0.delay.wholeSeconds }
            json.column("is_idempotent", steps) { $0.isIdempotent }
            json.column("needs", steps) { $0.needs.isEmpty ? nil : "{\($0.needs.joined(separator: ","))}" }
        }
        return """
            SELECT outcome FROM nofx.start_run(\(team), \(run), \(goal), NULL, \(deadline), \(Int32(teamLimit)), 100000000,
                                               \(String(decoding: json.bytes, as: UTF8.self))::json, '{}', '{*}')
            """
    }

    /// An array as the server writes it.
    private static func literal(_ numbers: [Int]) -> String { "{\(numbers.map(String.init).joined(separator: ","))}" }
}

extension TestStep {
    /// The inputs as `startRun` stores them: the inputs of a gate include all defaults.
    fileprivate var completeInputs: JSONText {
        guard tool.hasPrefix("gate:") || tool.hasPrefix("manual:") else { return JSONText(trusted: Array(inputs.utf8)) }
        var members = [#""allowWaive":true"#, #""fourEyes":false"#].filter { member in
            !inputs.contains(member.prefix { $0 != ":" })
        }
        if inputs != "{}" { members.append(String(inputs.dropFirst().dropLast())) }
        return JSONText(trusted: Array("{\(members.joined(separator: ","))}".utf8))
    }
}

extension JSONWriter {
    fileprivate mutating func column<Row>(_ name: String, _ rows: [Row], _ value: (Row) -> some JSONEncodable) {
        member(name) { json in
            json.array { json in
                for row in rows { json.element(value(row)) }
            }
        }
    }
}
