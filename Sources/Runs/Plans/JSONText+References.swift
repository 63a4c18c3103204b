public import Base

extension JSONText {
    /// What follows each `$from` in a step's inputs: which outputs it takes to resolve them.
    public var references: Set<String> {
        // As where they are resolved: without either there is nothing.
        guard bytes.contains(UInt8(ascii: "$")) || bytes.contains(UInt8(ascii: "\\")),
            let root = try? JSONDocument(parsing: bytes, limits: .stepValue).root
        else { return [] }
        var search = MarkerSearch()
        search.look(through: root)
        return Set(
            search.places.compactMap { place in
                if case .from(let text) = place.marker { text } else { nil }
            }
        )
    }
}
