import Base
import TestSupport

/// A request, and the outcomes that are right for it on every platform.
///
/// A number is a status with which the platform itself refuses the request, without starting the program.
struct TransportCase: Sendable {
    let what: String
    let request: Front.Request
    let outcomes: Set<String>

    private static let team = #"{"name":"Acme"}"#

    /// The cases that the table tries, for the credential of a user.
    ///
    /// - Parameter token: The value of `Authorization`.
    /// - Returns: The cases, in order.
    static func all(_ token: String) -> [TransportCase] {
        let bearer = ("Authorization", token)
        return malformed(bearer) + inputs(bearer) + events(bearer) + identities + operators(bearer)
    }

    private init(
        _ what: String,
        _ outcomes: Set<String>,
        _ path: String,
        _ body: [UInt8],
        _ headers: [(String, String)]
    ) {
        self.what = what
        self.outcomes = outcomes
        request = Front.Request(path, body, headers.map { (name: $0.0, value: $0.1) })
    }

    private init(
        _ what: String,
        _ outcomes: Set<String>,
        _ path: String,
        _ body: String,
        _ headers: [(String, String)]
    ) {
        self.init(what, outcomes, path, Array(body.utf8), headers)
    }

    /// A case with the input of a team.
    private init(_ what: String, _ outcomes: Set<String>, _ path: String, _ headers: [(String, String)]) {
        self.init(what, outcomes, path, Self.team, headers)
    }

    private init(_ what: String, _ outcomes: Set<String>, _ headers: [(String, String)]) {
        self.init(what, outcomes, "/createTeam", headers)
    }

    /// Bodies that are not JSON.
    private static func malformed(_ bearer: (String, String)) -> [TransportCase] {
        BadInputTests.malformed.map { what, bytes in
            let type = ("Content-Type", "application/json")
            return TransportCase(what, ["malformed_json"], "/createTeam", bytes, [bearer, type])
        }
    }

    private static func inputs(_ bearer: (String, String)) -> [TransportCase] {
        [
            TransportCase("a path below a version", ["ok"], "/v1/createTeam", [bearer]),
            TransportCase("an option in the query", ["ok"], "/createTeam?--help", [bearer]),
            TransportCase("an endless run in the query", ["ok"], "/createTeam?--forever", [bearer]),
            TransportCase("a field in the query", ["validation_failed"], "/createTeam?teamId=x", "{}", [bearer]),
            TransportCase("text/plain", ["ok"], [bearer, ("Content-Type", "text/plain")]),
            TransportCase("bytes", ["ok"], [bearer, ("Content-Type", "application/octet-stream")]),
            TransportCase("another character set", ["ok"], [bearer, ("Content-Type", "text/json; charset=utf-16")]),
            TransportCase("another path", ["endpoint_not_found"], "/createTaem", [bearer]),
            TransportCase("an unknown field", ["validation_failed"], "/createTeam", #"{"nmae":"Acme"}"#, [bearer]),
            TransportCase("no object", ["validation_failed"], "/createTeam", "[]", [bearer]),
            TransportCase("a platform's event", ["validation_failed"], "/createTeam", Events.v2(team), [bearer]),
            TransportCase("two credentials", ["ambiguous_credentials"], [bearer, ("X-API-Key", "nofx_x")]),
            TransportCase("more than 1 MiB", ["payload_too_large"], "/createTeam", blanks(1 << 20), [bearer]),
            TransportCase("3 MiB", ["payload_too_large"], "/createTeam", blanks(3 << 20), [bearer]),
        ]
    }

    private static func blanks(_ count: Int) -> String { String(repeating: " ", count: count) + team }

    private static func events(_ bearer: (String, String)) -> [TransportCase] {
        func structured(
            _ what: String,
            _ outcomes: Set<String>,
            _ change: (String, String) = ("", ""),
            type: String = "application/cloudevents+json",
            file: Int = #line
        ) -> TransportCase {
            let event = #"{"specversion":"1.0","id":"\#(file)","source":"/tests","type":"t","data":\#(team)}"#
            let changed = change.0.isEmpty ? event : event.replacing(change.0, with: change.1)
            return TransportCase(what, outcomes, "/createTeam", changed, [bearer, ("Content-Type", type)])
        }
        func binary(
            _ what: String,
            _ outcomes: Set<String>,
            _ more: [(String, String)],
            file: Int = #line
        )
            -> TransportCase
        {
            let named = more.contains { $0.0 == "ce-id" } ? more : more + [("ce-id", "\(file)")]
            let fixed = [("ce-specversion", "1.0"), ("ce-source", "/tests"), ("Content-Type", "application/json")]
            return TransportCase(what, outcomes, "/createTeam", team, [bearer] + fixed + named)
        }
        let type = ("ce-type", "t")
        let encoded = #""data_base64":"\#(Base64.encode(Array(team.utf8)))""#
        return [
            structured("a structured event", ["ok"]),
            structured("capitals", ["ok"], type: "Application/CloudEvents+JSON; charset=UTF-8"),
            structured("base64", ["ok"], (#""data":\#(team)"#, encoded)),
            structured("bad base64", ["malformed_json"], (#""data":\#(team)"#, #""data_base64":"!!""#)),
            structured("both forms of data", ["malformed_request"], (#""data":"#, encoded + #","data":"#)),
            structured("no identifier", ["malformed_request"], (#""id":"#, #""ident":"#)),
            structured("another version", ["malformed_request"], ("1.0", "0.3")),
            structured("a batch", ["unsupported_media_type"], type: "application/cloudevents-batch+json"),
            binary("a binary event", ["ok"], [type]),
            binary("an escaped type", ["ok"], [("ce-type", "Euro%20%E2%82%AC")]),
            binary("a quoted type", ["ok"], [("ce-type", #""a \"b\"""#)]),
            binary("an empty quoted type", ["malformed_request"], [("ce-type", "\"\"")]),
            binary("an escape that is no text", ["malformed_request"], [("ce-type", "%C0%A0")]),
            binary("half an escape", ["malformed_request"], [("ce-type", "a%2")]),
            binary("no type", ["malformed_request"], []),
            binary("an empty identifier", ["malformed_request"], [type, ("ce-id", " ")]),
            binary("two media types", ["malformed_request"], [type, ("ce-datacontenttype", "application/json")]),
        ]
    }

    /// Header fields by which other systems name a user.
    ///
    /// None is a credential here.
    private static let identities: [TransportCase] = {
        let names = [
            "Remote-User", "X-User", "X-Forwarded-User", "X-Amzn-Oidc-Identity", "X-Amzn-Oidc-Data", "Auth-Type",
            "NOFX-Token", "Proxy", "Ow-User",
        ]
        let spellings = [
            [("X_Api_Key", "nofx_x")], [("X.Api.Key", "nofx_x")], [("X_API_KEY", "a"), ("X-Api-Key", "b")],
            [("Authorization_", "Bearer x")], [("Authorization", "Basic YWRtaW46YWRtaW4=")],
            [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
        ]
        let refused: Set = [
            "unauthenticated", "invalid_token", "invalid_api_key", "ambiguous_credentials", "malformed_request", "400",
        ]
        return names.map { TransportCase("the field \($0)", ["unauthenticated"], [($0, "admin")]) }
            + spellings.map { TransportCase("the fields \($0)", refused, $0) }
            + ["Path", "Method", "Query", "Aws_Lambda_Runtime_Api", "Gateway-Interface", "Content_Length"].map {
                TransportCase("the field \($0)", ["unauthenticated", "malformed_request"], [($0, "/getTeam")])
            }
    }()

    /// Operators' endpoints, which no web request reaches.
    private static func operators(_ bearer: (String, String)) -> [TransportCase] {
        let schedule = #"{"version":"0","id":"1","detail-type":"Scheduled Event","source":"aws.events","detail":{}}"#
        let queue = #"{"Records":[{"messageId":"1","eventSource":"aws:sqs","body":"{}"}]}"#
        let event = #"{"specversion":"1.0","id":"1","source":"/tests","type":"t","data":{}}"#
        let type = ("Content-Type", "application/cloudevents+json")
        return ["migrate", "runWorker", "deliverOutbox", "createOperatorKey"].map {
            // Some need variables that are not set here.
            TransportCase($0, ["operator_only", "misconfigured"], "/\($0)", "{}", [bearer])
        } + [
            TransportCase("a schedule", ["operator_only"], "/purge", schedule, [bearer]),
            TransportCase("a queue", ["operator_only"], "/purge", queue, [bearer]),
            TransportCase("an event", ["operator_only"], "/purge", event, [bearer, type]),
        ]
    }
}
