import Base
import HTTPClient
import TestSupport
import Testing

/// A platform through which requests reach the program `nofx`.
struct Front: CustomTestStringConvertible, Sendable {
    /// How requests get to the program.
    enum Way: Sendable {
        /// A web server or an imitation of a platform, by its name in `web_server.py`.
        case server(String)
        /// Events of an HTTP API through Lambda's Runtime API.
        case lambda
        /// Events of an HTTP API on standard input, one process for each.
        case standardInput
    }

    /// A request.
    struct Request {
        var method = HTTPRequest.Method.post
        var path = "/createTeam"
        var headers: [(name: String, value: String)] = []
        var body: [UInt8] = []

        init(_ path: String, _ body: [UInt8], _ headers: [(name: String, value: String)] = []) {
            (self.path, self.body, self.headers) = (path, body, headers)
        }

        init(_ path: String, _ body: String = "{}", _ headers: [(name: String, value: String)] = []) {
            self.init(path, Array(body.utf8), headers)
        }
    }

    /// A response.
    struct Response {
        /// The status as the client sees it.
        let status: Int
        let body: [UInt8]

        /// The code of the problem; `ok` for a success.
        var outcome: String {
            guard !body.isEmpty else { return status < 300 ? "ok" : "\(status)" }
            guard let json = try? JSONDocument(parsing: body).root else { return "no JSON, status \(status)" }
            guard let code = json["code"]?.string, json["type"] != nil else { return "ok" }
            return code
        }
    }

    let name: String
    let way: Way

    /// Whether the client sees the status of an answer.
    ///
    /// A watchdog that starts a process for each request cannot know it.
    var hasStatus = true

    var testDescription: String { name }

    private static func server(_ name: String, hasStatus: Bool = true) -> Front {
        Front(name: name, way: .server(name), hasStatus: hasStatus)
    }

    /// Every platform.
    ///
    /// `apache-cgi` runs as another user, who may not open the test's database.
    static let all = withDatabase + [server("apache-cgi")]

    static let withDatabase = [
        Front(name: "stdin", way: .standardInput), Front(name: "lambda", way: .lambda), server("lighttpd-fastcgi"),
        server("nginx-fastcgi"), server("lighttpd-cgi"), server("nginx-fcgiwrap"),
        server("openfaas-classic", hasStatus: false), server("openfaas-streaming", hasStatus: false),
        server("openfaas-serializing", hasStatus: false), server("openwhisk-raw"), server("openwhisk-parameters"),
    ]

    /// The platforms whose requests are HTTP on a socket.
    static let servers = all.filter { front in
        if case .server = front.way { true } else { false }
    }

    /// Runs the program behind the platform for the duration of the body.
    ///
    /// - Parameters:
    ///   - database: The value of `DATABASE_URL`.
    ///   - environment: Further variables.
    ///   - body: Gets a closure that sends a request, and the port if the platform has one.
    /// - Returns: The result of the body.
    /// - Throws: The error of the body, or an error if a process did not start.
    func run<Output>(
        _ database: TestDatabase,
        environment: [String: String] = [:],
        body: (_ send: (Request) throws -> Response, _ port: String) throws -> Output
    ) throws -> Output {
        let nofx = TestFunction("nofx", database: database.url, environment: environment)
        switch way {
        case .standardInput:
            return try body({ try Self.send($0, onStandardInputOf: database, environment) }, "")
        case .server(let kind):
            let variables = nofx.environment.map { "\($0.key)=\($0.value)" }
            let program = "\(Subprocess.buildFolder)/nofx"
            return try PythonServer.run("web_server.py", [kind, program] + variables) { server in
                try body({ try Self.send($0, to: server.port) }, server.port)
            }
        case .lambda:
            var output: Output?
            try LambdaPlatform.run({ TestFunction(program: database.url, environment.merging($0) { $1 }) }) { lambda in
                var count = 0
                output = try body(
                    { request in
                        count += 1
                        try lambda.send(Self.event(request))
                        return try Self.response(lambda.results(count)[count - 1]["body"]?.stringBytes ?? [])
                    },
                    ""
                )
            }
            guard let output else { throw NothingRan() }
            return output
        }
    }

    private struct NothingRan: Error {}

    private static func send(_ request: Request, to port: String) throws -> Response {
        var client = HTTPClient(userAgent: "tests")
        let answer = try client.send(
            HTTPRequest(
                request.method,
                "http://127.0.0.1:\(port)\(request.path)",
                headers: request.headers,
                body: request.method == .get || request.method == .head ? nil : request.body,
                usesProxy: false
            ),
            deadline: .test
        )
        return Response(status: answer.status, body: answer.body)
    }

    /// One endpoint's process: the path names it.
    private static func send(
        _ request: Request,
        onStandardInputOf database: TestDatabase,
        _ environment: [String: String]
    ) throws -> Response {
        let name = request.path.split(separator: "?").first?.split(separator: "/").last.map(String.init) ?? ""
        let event = event(request)
        let outcome = try TestFunction("nofx", database: database.url, environment: environment)
            .start([name]).finish(Array(event.utf8))
        guard !outcome.output.isEmpty else { return Response(status: 404, body: Array(outcome.errors.utf8)) }
        return try response(Array(outcome.output.utf8.dropLast()))
    }

    /// An HTTP API's event for a request.
    ///
    /// The API joins repeated header fields.
    private static func event(_ request: Request) -> String {
        let words = request.path.split(separator: "?", maxSplits: 1)
        var headers: [(name: String, value: String)] = []
        for (name, value) in request.headers.map({ ($0.name.lowercasedASCII, $0.value) }) {
            if let index = headers.firstIndex(where: { $0.name == name }) {
                headers[index].value += ",\(value)"
            } else {
                headers.append((name, value))
            }
        }
        var json = JSONWriter()
        json.object { json in
            json.member("version", "2.0")
            json.member("rawPath", String(words.first ?? ""))
            json.member("rawQueryString", words.count == 2 ? String(words[1]) : "")
            json.member("headers") { json in
                json.object { json in
                    for (name, value) in headers { json.member(name, value) }
                }
            }
            json.member("requestContext") { json in
                json.object { json in
                    json.member("http") { json in json.object { $0.member("method", request.method.rawValue) } }
                }
            }
            json.member("body", Base64.encode(request.body))
            json.member("isBase64Encoded", true)
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func response(_ event: [UInt8]) throws -> Response {
        let json = try JSONDocument(parsing: event, limits: JSONLimits(bytes: 8 << 20, depth: 40)).root
        guard let status = json["statusCode"]?.integer else {
            // What cannot be read as an event gets the answer itself.
            return Response(status: json["status"]?.integer ?? 0, body: event)
        }
        return Response(status: status, body: json["body"]?.stringBytes ?? [])
    }
}

extension TestFunction {
    /// The program with all endpoints, which finds the endpoint by the path of a request.
    fileprivate init(program database: String, _ environment: [String: String]) {
        self.init(tool: "nofx", database: database, environment: environment)
    }
}
