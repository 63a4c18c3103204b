import Base
import Core
import Glibc
import System
import TestSupport
import Testing

@testable import FunctionRuntime

/// The records of FastCGI, and connections that keep to the protocol or do not.
@Suite struct FastCGITests {
    private struct NoSockets: Error {
        let code: Int32
    }

    /// Both ends of a connection: the web server's, and the program's.
    private struct Pair: ~Copyable {
        let server: FileDescriptor
        let connection: FastCGIConnection

        init() throws {
            var ends: [Int32] = [0, 0]
            guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
                throw NoSockets(code: errno)
            }
            server = FileDescriptor(rawValue: ends[0])
            connection = FastCGIConnection(descriptor: FileDescriptor(rawValue: ends[1]))
        }

        deinit {
            server.close()
            connection.descriptor.close()
        }

        /// What the program sent, as far as it is there.
        func received() throws -> [UInt8] {
            connection.descriptor.close()
            return try server.read(1 << 20) { 1_000_000_000 }
        }
    }

    private static func begin(_ id: UInt16, role: UInt8 = 1, keep: Bool = false) -> [UInt8] {
        FastCGIRecord(.beginRequest, request: id, [0, role, keep ? 1 : 0, 0, 0, 0, 0, 0]).bytes
    }

    private static func parameters(_ id: UInt16, _ pairs: [(name: String, value: String)]) -> [UInt8] {
        FastCGIRecord(.parameters, request: id, FastCGIPairs.encode(pairs)).bytes
            + FastCGIRecord(.parameters, request: id).bytes
    }

    private static func input(_ id: UInt16, _ text: String = "") -> [UInt8] {
        (text.isEmpty ? [] : FastCGIRecord(.standardInput, request: id, Array(text.utf8)).bytes)
            + FastCGIRecord(.standardInput, request: id).bytes
    }

    @Test func `a request is read from its streams`() throws {
        let pair = try Pair()
        try pair.server.write(
            Self.begin(7, keep: true) + Self.parameters(7, [("REQUEST_METHOD", "POST"), ("HTTP_X_API_KEY", "k")])
                + Self.input(7, #"{"a":1}"#)
        )
        let read = try pair.connection.next()
        let request = try #require(read)
        #expect(request.id == 7)
        #expect(request.keepsConnection)
        #expect(request.body == Array(#"{"a":1}"#.utf8))
        #expect(request.variables["REQUEST_METHOD"] == "POST")
        #expect(try request.variables.request(body: .text([])).headers["x-api-key"] == "k")
    }

    @Test func `long names and values have lengths of four bytes`() throws {
        let value = String(repeating: "v", count: 300)
        let bytes: [UInt8] = [1, 0x80, 0, 1, 0x2C] + Array("N".utf8) + Array(value.utf8)
        let pairs = try #require(FastCGIPairs.decode(bytes))
        #expect(pairs.map(\.name) == ["N"])
        #expect(pairs.map(\.value) == [value])
        for cut in [1, 2, 4, 5, 6, 20] { #expect(FastCGIPairs.decode(Array(bytes.prefix(cut))) == nil) }
    }

    @Test func `an answer of any length is sent in records that fit`() {
        for length in [0, 1, 65_527, 65_528, 65_529, 200_000] {
            let bytes = FastCGIRecord.answer(Array(repeating: 0x41, count: length), to: 3)
            var rest = bytes[...]
            var body = 0
            var types: [UInt8] = []
            while rest.count >= 8 {
                let header = Array(rest.prefix(8))
                let count = Int(header[4]) << 8 | Int(header[5])
                if header[1] == 6 { body += count }
                types.append(header[1])
                rest = rest.dropFirst(8 + count)
            }
            #expect(rest.isEmpty)
            #expect(body == length)
            #expect(types.suffix(2) == [6, 3])
        }
    }

    @Test func `a server that asks is told that there is one request at a time`() throws {
        let pair = try Pair()
        let names = FastCGIPairs.encode([("FCGI_MPXS_CONNS", ""), ("FCGI_MAX_REQS", ""), ("OTHER", "")])
        try pair.server.write(FastCGIRecord(.getValues, request: 0, names).bytes)
        #expect(try pair.connection.next() == nil)
        let pairs = FastCGIPairs.decode(Array(try pair.received().dropFirst(8)))
        #expect(pairs?.map { "\($0.name)=\($0.value)" } == ["FCGI_MPXS_CONNS=0", "FCGI_MAX_REQS=1"])
    }

    @Test func `another role, a second request and an abort are answered as the specification says`() throws {
        let roles = try Pair()
        try roles.server.write(Self.begin(1, role: 2))
        #expect(try roles.connection.next() == nil)
        #expect(try roles.received() == FastCGIRecord.end(of: 1, .unknownRole))

        let second = try Pair()
        try second.server.write(Self.begin(1) + Self.begin(2) + Self.parameters(1, [("A", "b")]) + Self.input(1))
        #expect(try second.connection.next()?.id == 1)
        #expect(try second.received() == FastCGIRecord.end(of: 2, .cannotMultiplex))

        let aborted = try Pair()
        try aborted.server.write(Self.begin(1) + FastCGIRecord(.abortRequest, request: 1).bytes)
        #expect(try aborted.connection.next() == nil)
        #expect(try aborted.received() == FastCGIRecord.end(of: 1, .complete))
    }

    @Test func `what follows of a request that was answered is ignored`() throws {
        let pair = try Pair()
        let late = FastCGIRecord(.abortRequest, request: 1).bytes + FastCGIRecord(.standardInput, request: 1).bytes
        try pair.server.write(late + Self.begin(2) + Self.parameters(2, [("A", "b")]) + Self.input(2))
        #expect(try pair.connection.next() == nil)
        #expect(try pair.connection.next() == nil)
        #expect(try pair.connection.next()?.id == 2)
    }

    @Test func `a body that is too large is read to its end and not kept`() throws {
        let pair = try Pair()
        let part = FastCGIRecord(.standardInput, request: 1, Array(repeating: 0x20, count: 65_528)).bytes
        let server = pair.server
        let writer = TestThread {
            try? server.write(Self.begin(1) + Self.parameters(1, []))
            for _ in 0..<40 { try? server.write(part) }
            try? server.write(Self.input(1))
        }
        let read = try pair.connection.next()
        writer.join()
        #expect(try #require(read).body == nil)
    }

    @Test(
        arguments: [
            // Another version, a record that begins nothing, a stream that ends before its variables, half a pair.
            [2, 1, 0, 1, 0, 0, 0, 0], [1, 6, 0, 1, 0, 0, 0, 0], [1, 1, 0, 1, 0, 1, 0, 0, 0],
            FastCGITests.begin(1) + FastCGITests.input(1),
            FastCGITests.begin(1) + FastCGIRecord(.parameters, request: 1, [5, 5, 0x41]).bytes
                + FastCGIRecord(.parameters, request: 1).bytes + FastCGITests.input(1),
            FastCGITests.begin(1)
                + (0..<3).flatMap { _ in
                    FastCGIRecord(.parameters, request: 1, Array(repeating: 0, count: 65_534)).bytes
                },
        ] as [[UInt8]]
    )
    func `a connection that breaks the protocol is given up`(bytes: [UInt8]) throws {
        let pair = try Pair()
        try pair.server.write(bytes)
        #expect(throws: FastCGIConnection.Failure.self) { _ = try pair.connection.next() }
    }

    @Test func `a connection that closes in the middle of a request is given up`() throws {
        let pair = try Pair()
        try pair.server.write(Array(Self.begin(1).prefix(11)))
        shutdown(pair.server.rawValue, Int32(SHUT_WR))
        #expect(throws: FastCGIConnection.Failure.self) { _ = try pair.connection.next() }
    }

    // MARK: - Variables

    @Test(arguments: ["-1", "99999999999999999999", "1e3", " 12", "0x1", "1,1"])
    func `a length of the body that is no number is refused`(text: String) {
        let variables = MetaVariables([("CONTENT_LENGTH", text)])
        let problem = #expect(throws: Problem.self) { _ = try variables.contentLength() }
        #expect(problem?.code == "malformed_request")
    }

    @Test func `two spellings of a header field are refused, and the server's own names are no fields`() throws {
        let twins = MetaVariables([("HTTP_X_USER", "good"), ("HTTP_X_USER", "evil")])
        #expect(throws: Problem.self) { _ = try twins.request(body: .text([])) }

        let request = try MetaVariables([
            ("HTTP_PROXY", "http://evil"), ("REMOTE_USER", "admin"), ("HTTP_", "x"), ("CONTENT_TYPE", "a/b"),
            ("REMOTE_ADDR", "192.0.2.9"), ("REQUEST_METHOD", "GET"), ("PATH_INFO", "/v1/getTeam"),
        ]).request(body: .text([]))
        #expect(request.headers["proxy"] == nil)
        #expect(request.headers["content-type"] == "a/b")
        #expect(request.sourceIP == "192.0.2.9")
        #expect((request.method, request.path) == ("GET", "/v1/getTeam"))
    }
}
