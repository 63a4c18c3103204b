/// The dependency graph of a plan, by step numbers.
public struct PlanGraph: Hashable, Sendable {
    /// The dependencies of each step, in ascending order.
    public let dependencies: [[Int]]

    /// The dependents of each step, in ascending order.
    public let dependents: [[Int]]

    /// The stage of each step: 0 without dependencies, otherwise one more than the highest stage of its dependencies.
    public private(set) var stages: [Int]

    /// The steps in topological order, without steps that are in a cycle or depend on one.
    private(set) var order: [Int] = []

    /// Sorts the steps.
    ///
    /// - Parameter dependencies: The dependencies of each step, without duplicates, in ascending order.
    init(dependencies: [[Int]]) {
        self.dependencies = dependencies
        var dependents = [[Int]](repeating: [], count: dependencies.count)
        for (number, others) in dependencies.enumerated() {
            for other in others { dependents[other].append(number) }
        }
        self.dependents = dependents
        stages = [Int](repeating: 0, count: dependencies.count)
        var open = dependencies.map(\.count)
        order = open.indices.filter { open[$0] == 0 }
        var next = 0
        while next < order.count {
            let number = order[next]
            next += 1
            for dependent in dependents[number] {
                stages[dependent] = max(stages[dependent], stages[number] + 1)
                open[dependent] -= 1
                if open[dependent] == 0 { order.append(dependent) }
            }
        }
    }

    /// Finds cycles that have no step in common.
    ///
    /// - Parameter limit: The maximum number of cycles.
    /// - Returns: The steps of each cycle: each depends on the next, and the last depends on the first.
    func cycles(limit: Int) -> [[Int]] {
        var cycles: [[Int]] = []
        // Steps that depend on a cycle are blocked too. Following dependencies from a blocked step reaches blocked
        // steps only.
        var waits = [Bool](repeating: true, count: dependencies.count)
        for number in order { waits[number] = false }
        for start in waits.indices where waits[start] && cycles.count < limit {
            guard let cycle = cycle(from: start, &waits) else { continue }
            cycles.append(cycle)
        }
        return cycles
    }

    /// Follows dependencies from a step until one repeats.
    ///
    /// - Parameters:
    ///   - start: The first step.
    ///   - waits: The steps that are still to visit; visited ones are removed.
    /// - Returns: The cycle, which need not contain the first step; nil if the path ends.
    private func cycle(from start: Int, _ waits: inout [Bool]) -> [Int]? {
        var path: [Int] = []
        var places: [Int: Int] = [:]
        var number = start
        while places[number] == nil {
            places[number] = path.count
            path.append(number)
            guard let next = dependencies[number].first(where: { waits[$0] }) else {
                // Every dependency of this step belongs to a cycle that was found before.
                for number in path { waits[number] = false }
                return nil
            }
            number = next
        }
        for number in path { waits[number] = false }
        let cycle = path[(places[number] ?? 0)...]
        // Start the cycle with the step that comes first in the plan.
        guard let first = cycle.min().flatMap(cycle.firstIndex) else { return nil }
        return Array(cycle[first...] + cycle[..<first])
    }
}

/// For each step of a plan, its direct and indirect dependencies.
struct PlanAncestors {
    // One bit a step: sets of numbers would have half a million elements for a chain of a thousand steps.
    private let sets: [[UInt64]]

    init(_ graph: PlanGraph) {
        let words = (graph.dependencies.count + 63) / 64
        var sets = [[UInt64]](repeating: [], count: graph.dependencies.count)
        for number in graph.order {
            var set = [UInt64](repeating: 0, count: words)
            for dependency in graph.dependencies[number] {
                let others = sets[dependency]
                for word in set.indices { set[word] |= others[word] }
                set[dependency / 64] |= 1 << UInt64(dependency % 64)
            }
            sets[number] = set
        }
        self.sets = sets
    }

    /// Whether a step always ends before another begins; nil if the other is in a cycle or depends on one.
    func isDone(_ step: Int, before number: Int) -> Bool? {
        let set = sets[number]
        return set.isEmpty ? nil : set[step / 64] >> UInt64(step % 64) & 1 == 1
    }
}
