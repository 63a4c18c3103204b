public import Base
public import Postgres

/// What a team's members keep with it: a JSON object of at most 16 KiB that the product does not look into.
public struct TeamSettings: Hashable, InputValue, OutputValue, PostgresEncodable, PostgresDecodable {
    static let tooLarge = Violations(.tooLarge, "must have at most 16 KiB")

    private let json: JSONText

    public static var rule: String { "object of at most 16 KiB" }

    public init(input: JSONValue) throws(Violations) {
        guard input.kind == .object else { throw Violations(.invalidType, "must be an object") }
        json = try JSONText(input: input)
        // Postgres decides by what it stores, which can be longer; this spares it what is surely too long.
        guard json.bytes.count <= 1 << 18 else { throw Self.tooLarge }
    }

    public init(postgres cell: PostgresCell) throws(PostgresError) {
        json = try JSONText(postgres: cell)
    }

    public static var postgresType: PostgresType { JSONText.postgresType }

    public func encode(to buffer: inout PostgresBuffer) {
        json.encode(to: &buffer)
    }

    public func encode(to json: inout JSONWriter) {
        self.json.encode(to: &json)
    }
}
