import Base
import Core
import Testing

@Suite struct PageTests {
    struct Item: OutputObject, Equatable {
        let number: Int

        static let fields: [OutputField<Item>] = [OutputField("number", "A number.") { $0.number }]
    }

    @Test(arguments: [(0, 3, 0, nil), (2, 3, 2, nil), (3, 3, 3, nil), (4, 3, 3, "2"), (2, 1, 1, "0")])
    func `a page has a next cursor if more rows were found than requested`(
        _ found: Int,
        _ limit: Int,
        _ count: Int,
        _ last: String?
    ) throws {
        let items = (0..<found).map(Item.init)
        let page = try Page(items, limit: PageLimit("\(limit)")) { item in
            Cursor(list: "numbers", binding: "", keys: ["\(item.number)"])
        }
        #expect(page.items == Array(items.prefix(count)))
        #expect(page.nextCursor?.keys == last.map { [$0] })
    }

    @Test func `a page is encoded with its items and the next cursor`() throws {
        let full = try Page([Item(number: 1), Item(number: 2)], limit: PageLimit("1")) { _ in
            Cursor(list: "numbers", binding: "", keys: [])
        }
        let json = try JSONDocument(parsing: full.jsonBytes).root
        #expect(json["items"]?.elements.map { $0["number"]?.integer } == [1])
        #expect(json["nextCursor"]?.string?.isEmpty == false)
        let last = Page<Item>([], limit: .standard) { _ in Cursor(list: "numbers", binding: "", keys: []) }
        #expect(String(decoding: last.jsonBytes, as: UTF8.self) == #"{"items":[],"nextCursor":null}"#)
    }

    @Test func `a list continues after the last item of the previous page`() throws {
        func list(_ binding: String, _ cursor: Cursor?) throws -> Listing<KeysetPosition<ID<User>>> {
            try Listing("listNumbers", binding: binding, limit: PageLimit("7"), cursor: cursor)
        }
        let first = try list("ada", nil)
        #expect(first.after == nil)
        #expect(first.rowLimit == 8)
        let last = KeysetPosition(Timestamp(microsecondsSince1970: 17), ID<User>.make())
        let cursor = Cursor(list: "listNumbers", binding: "ada", keys: last.cursorKeys)
        let next = try #require(try list("ada", cursor).after)
        #expect((next.time, next.key) == (last.time, last.key))
        let problem = #expect(throws: Problem.self) { try list("bob", cursor) }
        #expect(problem?.code == "invalid_cursor")
    }

    @Test(arguments: [[], ["17"], ["17", "no id"], ["-1", "01890a5d-ac96-774b-bcce-b302099a8057"], ["17", "a", "b"]])
    func `a cursor with invalid keys is rejected`(_ keys: [String]) throws {
        let cursor = Cursor(list: "listNumbers", binding: "", keys: keys)
        let problem = #expect(throws: Problem.self) {
            _ = try Listing<KeysetPosition<ID<User>>>("listNumbers", binding: "", limit: .standard, cursor: cursor)
        }
        #expect(problem?.code == "invalid_cursor")
    }

    @Test(arguments: ["1", "20", "100"])
    func `a limit of 1 to 100 is accepted`(_ text: String) throws {
        #expect(try "\(PageLimit(text).count)" == text)
    }

    // Cases: teams 48
    @Test(arguments: [
        ("0", Violation.Code.outOfRange), ("101", .outOfRange), ("-1", .outOfRange), ("1e400000", .invalidType),
        ("99999999999999999999", .outOfRange), ("1.5", .invalidType), ("1.0", .invalidType), (#""7""#, .invalidType),
        ("true", .invalidType), ("null", .invalidType), ("[1]", .invalidType),
    ])
    func `any other limit is rejected`(_ text: String, _ code: Violation.Code) {
        let violations = #expect(throws: Violations.self) { try PageLimit(text) }
        #expect(violations?.all.map(\.code) == [code])
    }

    @Test func `the default limit is 20`() {
        #expect(PageLimit.standard.count == 20)
    }
}

extension PageLimit {
    fileprivate init(_ json: String) throws {
        try self.init(input: JSONDocument(parsing: Array(json.utf8)).root)
    }
}
