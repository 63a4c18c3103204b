import Base
import Core

extension Permission {
    /// Reads a list that names each permission once, in whatever order.
    ///
    /// - Returns: The permissions in their usual order.
    /// - Throws: What the list's rule throws, or `invalid_format` for one that is named twice.
    static func distinct(_ input: JSONValue, in list: ListRule) throws(Violations) -> [Permission] {
        let named: [Permission] = try list.read(input)
        let permissions = allCases.filter(named.contains)
        guard permissions.count == named.count else {
            throw Violations(.invalidFormat, "must name each permission once")
        }
        return permissions
    }
}
