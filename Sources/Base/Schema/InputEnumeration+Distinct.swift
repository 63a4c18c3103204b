extension InputEnumeration {
    /// Reads a list that names each case at most once, in whatever order.
    ///
    /// - Returns: The cases in their usual order.
    /// - Throws: What the list's rule throws, or `invalid_format` for one that is named twice.
    public static func distinct(_ input: JSONValue, in list: ListRule) throws(Violations) -> [Self] {
        let named: [Self] = try list.read(input)
        let cases = allCases.filter { known in
            named.contains { $0.rawValue.utf8.elementsEqual(known.rawValue.utf8) }
        }
        guard cases.count == named.count else { throw Violations(.invalidFormat, "must name each once") }
        return cases
    }
}
