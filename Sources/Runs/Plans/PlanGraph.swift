/// Which steps of a plan wait for which, by their numbers.
public struct PlanGraph: Hashable, Sendable {
    /// The steps that each step waits for, in order.
    public let dependencies: [[Int]]

    /// The steps that wait for each step, in order.
    public let dependents: [[Int]]

    /// How many others are at least between each step and the start: 0 for one that waits for none, otherwise one more
    /// than the highest of those that it waits for.
    public private(set) var stages: [Int]

    /// The steps so that each comes after those that it waits for; those in a circle, and behind one, are not in it.
    private(set) var order: [Int] = []

    /// Sorts steps.
    ///
    /// - Parameter dependencies: The steps that each step waits for, each once and in order.
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

    /// Looks for circles, a few that have no step in common.
    ///
    /// - Parameter limit: How many to look for.
    /// - Returns: Steps that wait for each other, each for the next one and the last for the first.
    func circles(limit: Int) -> [[Int]] {
        var circles: [[Int]] = []
        // What is behind a circle waits as well, but walking against the arrows never leaves what waits.
        var waits = [Bool](repeating: true, count: dependencies.count)
        for number in order { waits[number] = false }
        for start in waits.indices where waits[start] && circles.count < limit {
            guard let circle = circle(from: start, &waits) else { continue }
            circles.append(circle)
        }
        return circles
    }

    /// Walks from a step to what it waits for until it comes back to where it was.
    ///
    /// - Parameters:
    ///   - start: The first step.
    ///   - waits: The steps to walk on; those that were walked on are taken out.
    /// - Returns: The circle, which the step need not be part of; nil where the way ends.
    private func circle(from start: Int, _ waits: inout [Bool]) -> [Int]? {
        var path: [Int] = []
        var places: [Int: Int] = [:]
        var number = start
        while places[number] == nil {
            places[number] = path.count
            path.append(number)
            guard let next = dependencies[number].first(where: { waits[$0] }) else {
                // Everything that it leads to was part of a circle that is known.
                for number in path { waits[number] = false }
                return nil
            }
            number = next
        }
        for number in path { waits[number] = false }
        let circle = path[(places[number] ?? 0)...]
        // The one that comes first in the plan is named first.
        guard let first = circle.min().flatMap(circle.firstIndex) else { return nil }
        return Array(circle[first...] + circle[..<first])
    }
}

/// For each step of a plan, all steps that are done before it begins, directly or not.
struct PlanAncestors {
    // A bit a step: with a thousand steps that all wait for each other, sets of numbers would be half a million.
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

    /// Whether a step is done before another begins; nil for one that is in a circle, or behind one.
    func isDone(_ step: Int, before number: Int) -> Bool? {
        let set = sets[number]
        return set.isEmpty ? nil : set[step / 64] >> UInt64(step % 64) & 1 == 1
    }
}
