public import Base
public import Postgres

extension Query {
    /// Starts a run, as `startRun` does with a plan that it has checked; its row has the `outcome`.
    ///
    /// - Parameters:
    ///   - run: What the run is to be known by.
    ///   - steps: Its steps, each after those that it depends on.
    ///   - team: Whose it is.
    ///   - goal: What it is for.
    ///   - deadline: How long it may take.
    ///   - teamLimit: How many steps of the team may wait.
    /// - Returns: The statement, for who has said who calls.
    public static func startRun(
        _ run: UUID,
        _ steps: [PlannedStep],
        of team: UUID,
        goal: String = "A goal.",
        deadline: Duration? = nil,
        teamLimit: Int = 1_000_000
    ) -> Query {
        let numbers = Dictionary(uniqueKeysWithValues: steps.enumerated().map { ($1.name, $0) })
        let dependencies = steps.map { $0.dependsOn.compactMap { numbers[$0] } }
        var dependents: [[Int]] = Array(repeating: [], count: steps.count)
        for (number, before) in dependencies.enumerated() {
            for dependency in before { dependents[dependency].append(number) }
        }
        return """
            SELECT outcome FROM nofx.start_run(
                \(team), \(run), \(goal), NULL, \(deadline), \(Int32(teamLimit)), 100000000,
                \(steps.map(\.name)), \(steps.map(\.tool)), \(steps.map(\.topic)), \(steps.map(\.inputs)),
                \(dependencies.map(literal)), \(dependents.map(literal)), \(steps.map(\.continues)),
                \(steps.map(\.priority))::integer[], \(steps.map(\.attempts))::integer[],
                \(steps.map { $0.timeout.wholeSeconds })::integer[], \(steps.map(\.backoff.lowerBound))::integer[],
                \(steps.map(\.backoff.upperBound))::integer[], \(steps.map { $0.delay.wholeSeconds })::integer[],
                array_fill(NULL::text, ARRAY[\(Int32(steps.count))]), array_fill(NULL::text, ARRAY[\(Int32(steps.count))]),
                '{}'
            )
            """
    }

    /// An array as the server writes it.
    private static func literal(_ numbers: [Int]) -> String { "{\(numbers.map(String.init).joined(separator: ","))}" }
}
