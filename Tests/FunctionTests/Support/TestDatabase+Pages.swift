import Base
import Core
import FunctionRuntime
import TestSupport

extension TestDatabase {
    /// All items of a list, page by page.
    ///
    /// - Parameters:
    ///   - function: The list endpoint.
    ///   - members: The members of the input other than the cursor, as JSON.
    ///   - caller: The caller.
    /// - Returns: The items of each page.
    /// - Throws: The refusal of the function.
    func pages<F: Function, Item: OutputObject>(
        _ function: F.Type,
        _ members: String,
        as caller: Caller
    ) throws -> [[Item]] where F.Output == Page<Item> {
        var pages: [[Item]] = []
        var cursor: Cursor?
        repeat {
            let page = try call(function, input(members, cursor), as: caller)
            pages.append(page.items)
            cursor = page.nextCursor
        } while cursor != nil && pages.count < 1_000
        return pages
    }
}

/// An input with a cursor, if there is one.
func input(_ members: String, _ cursor: Cursor?) -> String {
    guard let cursor else { return "{\(members)}" }
    var json = JSONWriter()
    cursor.encode(to: &json)
    return #"{\#(members),"cursor":\#(String(decoding: json.bytes, as: UTF8.self))}"#
}
