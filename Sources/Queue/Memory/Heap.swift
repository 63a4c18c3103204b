/// Elements of which the least is at hand (Williams, 1964).
struct Heap<Element: Comparable> {
    private var elements: [Element] = []

    /// The least element.
    var first: Element? { elements.first }

    var count: Int { elements.count }

    mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0, case let parent = (child - 1) / 2, elements[child] < elements[parent] {
            elements.swapAt(child, parent)
            child = parent
        }
    }

    @discardableResult
    mutating func removeFirst() -> Element? {
        guard let last = elements.popLast() else { return nil }
        guard let first = elements.first else { return last }
        elements[0] = last
        var parent = 0
        while let child = leastChild(of: parent), elements[child] < elements[parent] {
            elements.swapAt(child, parent)
            parent = child
        }
        return first
    }

    mutating func removeAll(where isSuperfluous: (Element) -> Bool) {
        elements.removeAll(where: isSuperfluous)
        // What is sorted is a heap.
        elements.sort()
    }

    private func leastChild(of parent: Int) -> Int? {
        let children = (2 * parent + 1)...(2 * parent + 2)
        return children.filter { $0 < elements.count }.min { elements[$0] < elements[$1] }
    }
}
