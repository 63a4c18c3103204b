public import Base
import Cryptography

/// A place in a list, as callers carry it from page to page.
///
/// It is base64url of `{"v":1,"o":list,"s":scope,"k":[keys]}` and carries no authority: every page asks again who may
/// see it. The scope ties it to one list, so that a cursor of another list is refused and not misread.
public struct Cursor: InputValue, OutputValue, Equatable {
    private static let version = 1

    private let list: String
    private let binding: String

    /// The values that the list is ordered by.
    public let keys: [String]

    /// Makes a cursor.
    ///
    /// - Parameters:
    ///   - list: The endpoint's name.
    ///   - binding: What the list is of: the owner of its items and its filters.
    ///   - keys: The values that the list is ordered by.
    public init(list: String, binding: String, keys: [String]) {
        self.list = list
        self.binding = Self.digest(binding)
        self.keys = keys
    }

    /// The cursor's keys, where it is one of this list.
    ///
    /// - Throws: A 422 `Problem` that names the field `cursor`.
    public func keys(of list: String, binding: String, count: Int) throws(Problem) -> [String] {
        guard self.list == list, self.binding == Self.digest(binding), keys.count == count else { throw Self.refused }
        return keys
    }

    /// The error for a cursor that this list did not issue.
    public static let refused = Problem(
        status: 422,
        code: "invalid_cursor",
        detail: "1 field is invalid.",
        violations: [Violation(field: "cursor", .invalidFormat, hint)]
    )

    public static var rule: String { "string of at most 512 characters" }
    public static var form: ValueForm { .pattern("^[A-Za-z0-9_-]{1,512}$") }

    public init(input: JSONValue) throws(Violations) {
        let text = try String(input: input).utf8
        guard text.count <= 512, let bytes = Base64.decodeURL(text), let document = try? JSONDocument(parsing: bytes),
            let decoded = Self(document.root)
        else { throw Violations(.invalidFormat, Self.hint) }
        self = decoded
    }

    public func encode(to json: inout JSONWriter) {
        var cursor = JSONWriter()
        cursor.object { json in
            json.member("v", Self.version)
            json.member("o", list)
            json.member("s", binding)
            json.member("k", keys)
        }
        json.string(Base64.encodeURL(cursor.bytes))
    }

    private init?(_ value: JSONValue) {
        guard value["v"]?.integer == Self.version, let list = value["o"]?.string, let binding = value["s"]?.string,
            let keys = value["k"], keys.kind == .array,
            keys.elements.allSatisfy({ $0.kind == .string })
        else { return nil }
        self.list = list
        self.binding = binding
        self.keys = keys.elements.compactMap(\.string)
    }

    private static let hint = "must be a nextCursor of this list"

    private static func digest(_ binding: String) -> String {
        Hexadecimal.encode(SHA256.digest(Array(binding.utf8)).prefix(4))
    }
}

extension Timestamp {
    // From 1970 to 9999: every moment of a cursor that a page gave out, and none that Postgres cannot hold.
    private static let moments: ClosedRange<Int64> = 0...253_402_300_799_999_999

    /// The moment that one of a cursor's keys stands for.
    ///
    /// - Throws: What ``Cursor/refused`` is, for a key that no page issued.
    public init(cursorKey: String) throws(Problem) {
        guard let microseconds = Int64(cursorKey), Self.moments.contains(microseconds) else { throw Cursor.refused }
        self.init(microsecondsSince1970: microseconds)
    }

    /// The cursor key of the timestamp: microseconds since 1970, which a `Double` would round.
    public var cursorKey: String { "\(microsecondsSince1970)" }
}
