import Base
import Postgres
import TestSupport
import Testing

/// An invalid input gets one clear problem, and nothing is written.
struct BadInputTests {
    static let malformed: [(what: String, bytes: [UInt8])] = [
        ("nothing", []), ("blanks", Array(" \n\t ".utf8)), ("no JSON", Array("name: Acme".utf8)),
        ("a word", Array("nul".utf8)), ("single quotes", Array("{'name':'Acme'}".utf8)),
        ("half an object", Array(#"{"name":"Ac"#.utf8)),
        ("two objects", Array(#"{"name":"Acme"}{"name":"Acme"}"#.utf8)),
        ("a comma too many", Array(#"{"name":"Acme",}"#.utf8)), ("a comment", Array(#"{"name":"Acme"/**/}"#.utf8)),
        ("NaN", Array(#"{"name":NaN}"#.utf8)), ("a leading zero", Array(#"{"name":01}"#.utf8)),
        ("10,000 lists", [UInt8](repeating: UInt8(ascii: "["), count: 10_000)),
        ("10,000 lists, closed", nested(10_000, "[", "]")), ("33 objects", nested(33, #"{"a":"#, "}", around: "1")),
        ("200,000 objects", nested(200_000, #"{"a":"#, "")),
        ("a key twice", Array(#"{"name":"Acme","name":"Evil"}"#.utf8)),
        ("a key twice, once escaped", Array(#"{"name":"Acme","n\u0061me":"Evil"}"#.utf8)),
        ("a raw NUL", Array("{\"name\":\"Ac\0me\"}".utf8)), ("an escaped NUL", Array(#"{"name":"Ac\u0000me"}"#.utf8)),
        ("NULs", [0, 0, 0, 0]), ("a control character", Array("{\"name\":\"Ac\u{1}me\"}".utf8)),
        ("a high surrogate", Array(#"{"name":"\ud800"}"#.utf8)), ("a low surrogate", Array(#"{"name":"\udc00"}"#.utf8)),
        ("surrogates the wrong way round", Array(#"{"name":"\udc00\ud800"}"#.utf8)),
        ("an encoded surrogate", Array(#"{"name":""#.utf8) + [0xED, 0xA0, 0x80] + Array(#""}"#.utf8)),
        ("a byte that is no UTF-8", Array(#"{"name":""#.utf8) + [0xFF] + Array(#""}"#.utf8)),
        ("an overlong slash", Array(#"{"name":""#.utf8) + [0xC0, 0xAF] + Array(#""}"#.utf8)),
        ("half a character", Array(#"{"name":""#.utf8) + [0xE2, 0x82] + Array(#""}"#.utf8)),
        ("a byte order mark", [0xEF, 0xBB, 0xBF] + Array(#"{"name":"Acme"}"#.utf8)),
        ("UTF-16", Array(#"{"name":"Acme"}"#.utf8).flatMap { [$0, 0] }),
        ("UTF-16 with a mark", [0xFF, 0xFE] + Array(#"{"name":"Acme"}"#.utf8).flatMap { [$0, 0] }),
        ("random bytes", (0..<512).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ 13) }),
    ]

    // Cases: teams 10, 155; faas 81, 82, 83, 84, 85, 86, 87, 90
    @Test func `an input that is not one valid JSON text is 400, with exit status 65`() throws {
        let database = try TestDatabase.untouched()
        let function = try database.function("createTeam", as: TestDatabase.newSubject())
        for (what, bytes) in Self.malformed {
            let outcome = try function.run(bytes: bytes)
            try expectProblem(outcome, 400, "malformed_json", exit: 65)
            #expect(outcome.unsent == 0, "\(what)")
        }
        #expect(try database.rowCount() == 0)
    }

    // Cases: teams 155
    @Test(arguments: try Endpoints.answeringWithProblems)
    func `every function rejects input that is not JSON or not an object`(name: String) throws {
        let database = try TestDatabase.untouched()
        let function = try database.function(name, as: TestDatabase.newSubject())

        for input in ["{", "\u{FEFF}{}", "{}{}", #"{"a":1,"a":1}"#, String(repeating: "[", count: 33)] {
            try expectProblem(try function.run(input), 400, "malformed_json", exit: 65)
        }
        for input in ["[]", "null", "1", #""text""#] {
            try expectProblem(try function.run(input), 422, "validation_failed", exit: 65)
        }
        try expectProblem(try function.run(#"{"nonsense":1}"#), 422, "validation_failed", exit: 65)
        #expect(try database.rowCount() == 0)
    }

    @Test func `no input is an empty object where no field is required, and malformed elsewhere`() throws {
        let database = try TestDatabase()
        for name in try Endpoints.authenticated {
            let function = try database.function(name, as: TestDatabase.newSubject())
            let empty = try function.run("{}")
            let needsFields = try empty.json()["code"]?.string == "validation_failed"
            for input in ["", " \n"] {
                let outcome = try function.run(input)
                if needsFields {
                    // Where only one of several fields must be there, no input is an object without any of them.
                    let code = try outcome.json()["code"]?.string
                    #expect(code == "malformed_json" || outcome.status == empty.status && code == "validation_failed")
                } else {
                    #expect(outcome.status == empty.status, "\(name): \(outcome)")
                }
            }
        }
    }

    // Cases: teams 155; faas 89
    @Test(arguments: [2, 20, 63])
    func `an input of megabytes is read to its end and rejected`(mebibytes: Int) throws {
        let database = try TestDatabase.untouched()
        let function = try database.function("createTeam", as: TestDatabase.newSubject())
        let blanks = [UInt8](repeating: UInt8(ascii: " "), count: mebibytes << 20)
        for input in [
            blanks + Array(#"{"name":"Acme"}"#.utf8), Array(#"{"name":""#.utf8) + blanks + Array(#""}"#.utf8),
        ] {
            let outcome = try function.run(bytes: input)
            try expectProblem(outcome, 413, "payload_too_large", exit: 65)
            #expect(outcome.unsent == 0)
        }
        #expect(try database.rowCount() == 0)
    }

    @Test func `an endless input is rejected`() throws {
        let outcome = try TestDatabase.untouched().function("createTeam").run(redirecting: "</dev/zero")

        try expectProblem(outcome, 413, "payload_too_large", exit: 65)
    }

    // Cases: teams 155
    @Test func `an input of 1 MiB is accepted`() throws {
        let function = try TestDatabase.untouched().function("createTeam", as: TestDatabase.newSubject())
        let input = #"{"name":1}"#
        let blanks = String(repeating: " ", count: 1 << 20)

        try expectProblem(
            try function.run(input + blanks.dropLast(input.utf8.count)),
            422,
            "validation_failed",
            exit: 65
        )
        try expectProblem(
            try function.run(input + blanks.dropLast(input.utf8.count - 1)),
            413,
            "payload_too_large",
            exit: 65
        )
    }

    private static let invalid: [(input: String, violations: [String])] = [
        ("{}", ["name required"]), (#"{"name":null}"#, ["name invalid_type"]), (#"{"name":1}"#, ["name invalid_type"]),
        (#"{"name":["Acme"]}"#, ["name invalid_type"]), (#"{"name":{"a":"Acme"}}"#, ["name invalid_type"]),
        (#"{"name":true}"#, ["name invalid_type"]), (#"{"name":""}"#, ["name too_short"]),
        (#"{"name":"A"}"#, ["name too_short"]), (#"{"name":"🚀"}"#, ["name too_short"]),
        (#"{"name":"\#(String(repeating: " ", count: 1_000))"}"#, ["name too_short"]),
        (#"{"name":"\#(String(repeating: "x", count: 101))"}"#, ["name too_long"]),
        (#"{"name":"\#(String(repeating: "🚀", count: 101))"}"#, ["name too_long"]),
        (#"{"name":"<script>alert(1)</script>"}"#, ["name invalid_characters"]),
        (#"{"name":"Acme > all"}"#, ["name invalid_characters"]),
        (#"{"name":"Ac\u0007me"}"#, ["name invalid_characters"]),
        (#"{"name":"Ac\u202Eme"}"#, ["name invalid_characters"]),
        (#"{"name":"Ac\u2028me"}"#, ["name invalid_characters"]),
        (#"{"name":"Acme","ownerId":"x"}"#, ["ownerId unknown_field"]),
        (#"{"name":"Acme","__proto__":{"isAdmin":true}}"#, ["__proto__ unknown_field"]),
        (#"{"name":"Acme","slug":"Not A Slug"}"#, ["slug invalid_characters"]),
        (#"{"name":"Acme","billingEmail":"nobody"}"#, ["billingEmail invalid_email"]),
        (#"{"name":1,"slug":2,"x":3}"#, ["x unknown_field", "name invalid_type", "slug invalid_type"]),
    ]

    // Cases: teams 8, 11, 23
    @Test func `all fields that violate a rule are reported at once`() throws {
        let database = try TestDatabase.untouched()
        let function = try database.function("createTeam", as: TestDatabase.newSubject())
        for (input, violations) in Self.invalid {
            let outcome = try function.run(input)
            try expectProblem(outcome, 422, "validation_failed", exit: 65)
            let errors = try #require(try outcome.json()["errors"]).elements.map { error in
                "\(error["field"]?.string ?? "") \(error["code"]?.string ?? "")"
            }
            #expect(errors.sorted() == violations.sorted(), "\(input)")
        }
        #expect(try database.rowCount() == 0)
    }

    // Cases: teams 41
    @Test(arguments: StrangerTests.teamInputs.map(\.function))
    func `an invalid identifier is 422`(name: String) throws {
        let database = try TestDatabase.untouched()
        let function = try database.function(name, as: TestDatabase.newSubject())
        for id in [
            #""""#, #""x""#, "1", "true", "[]", #""{01890a5d-ac96-774b-bcce-b302099a8057}""#,
            #""01890a5dac96774bbcceb302099a8057""#, #""'; DROP TABLE nofx.teams; --""#,
        ] {
            let outcome = try function.run(#"{"teamId":\#(id)}"#)
            try expectProblem(outcome, 422, "validation_failed", exit: 65)
            let fields = try outcome.json()["errors"]?.elements.map { $0["field"]?.string } ?? []
            #expect(fields.contains("teamId"), "\(id)")
        }
        #expect(try database.rowCount() == 0)
    }

    // Cases: teams 9
    @Test func `a name of 100 characters is accepted, even of emoji`() throws {
        let database = try TestDatabase()
        let name = String(repeating: "🚀", count: 100)
        let outcome = try database.function("createTeam", as: TestDatabase.newSubject()).run(#"{"name":"\#(name)"}"#)

        #expect(outcome.status == 0)
        #expect(try outcome.json()["name"]?.string == name)
        #expect(try outcome.json()["slug"]?.string?.hasPrefix("team") == true)
    }

    // Cases: teams 12
    @Test func `SQL in a name has no effect`() throws {
        let database = try TestDatabase()
        let name = "'; DROP TABLE nofx.teams; --"
        let outcome = try database.function("createTeam", as: TestDatabase.newSubject()).run(#"{"name":"\#(name)"}"#)

        #expect(try outcome.json()["name"]?.string == name)
        #expect(try database.value("SELECT name FROM nofx.teams", as: String.self) == name)
    }

    private static func nested(_ depth: Int, _ open: String, _ close: String, around: String = "") -> [UInt8] {
        Array((String(repeating: open, count: depth) + around + String(repeating: close, count: depth)).utf8)
    }
}
