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
