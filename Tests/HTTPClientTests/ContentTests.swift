import Base
import TestSupport
import Testing

@testable import Compression
@testable import HTTPClient

/// Compressed responses.
struct ContentTests {
    /// A content that zlib compressed, and the content itself.
    private struct Sample {
        let format: CompressedContent.Format
        let compressed: [UInt8]
        let content: [UInt8]
    }

    /// Contents of many kinds, compressed with all levels and strategies, in parts, and with sync points.
    private static func samples() throws -> [Sample] {
        let program = """
            import random, zlib
            random.seed(5)
            def show(kind, data, content): print(kind, data.hex() or "-", content.hex() or "-")
            words = [bytes(random.randrange(97, 123) for _ in range(random.randrange(1, 9))) for _ in range(300)]
            contents = [b"", b"a", bytes(40000), b"abc" * 14000, random.randbytes(36000), bytes(range(256)) * 3]
            contents += [b" ".join(random.choice(words) for _ in range(n)) for n in (10, 1000, 9000)]
            for content in contents:
                for level in (0, 1, 6, 9):
                    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY):
                        for kind, bits in (("gzip", 31), ("deflate", 15), ("deflate", -15)):
                            if level in (0, 1) and bits < 31: continue
                            one = zlib.compressobj(level, zlib.DEFLATED, bits, 9, strategy)
                            half = len(content) // 2
                            data = one.compress(content[:half]) + one.flush(zlib.Z_SYNC_FLUSH)
                            show(kind, data + one.compress(content[half:]) + one.flush(), content)
            one, two = (zlib.compress(text, 9, 31) for text in (b"one", b"two"))
            show("gzip", one + two, b"onetwo")
            show("gzip", one + bytes(8), b"one")
            head = bytes([31, 139, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 255]) + b"\\3\\0abcname\\0comment\\0\\0\\0"
            show("gzip", head + one[10:], b"one")
            """
        let outcome = try Subprocess("python3", ["-c", program], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"])
            .finish()
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.output.split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            func bytes(_ digits: Substring) -> [UInt8] {
                guard digits != "-" else { return [] }
                let values = digits.utf8.compactMap(Hexadecimal.value(of:))
                return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
            }
            return Sample(
                format: words[0] == "gzip" ? .gzip : .deflate,
                compressed: bytes(words[1]),
                content: bytes(words[2])
            )
        }
    }

    /// Decodes bytes that arrive in pieces; nil for invalid ones, and for content without an end.
    private static func decode(_ bytes: [UInt8], _ format: CompressedContent.Format, pieces: Int) -> [UInt8]? {
        var decoder = CompressedContent(format)
        var content: [UInt8] = []
        var start = 0
        while start < bytes.count {
            let end = pieces < bytes.count - start ? start + pieces : bytes.count
            var piece = bytes[start..<end]
            start = end
            var decoded: [UInt8]
            repeat {
                guard let more = decoder.next(&piece) else { return nil }
                decoded = more
                content += more
            } while !decoded.isEmpty
        }
        return decoder.hasEnded ? content : nil
    }

    @Test func `what zlib compressed is decoded, cut anywhere`() throws {
        let samples = try Self.samples()
        #expect(samples.count > 200)
        for (number, sample) in samples.enumerated() {
            let pieces =
                sample.compressed.count < 2_000 ? [1, 7, .max][number % 3] : [1_000, 16_384, .max][number % 3]
            let decoded = Self.decode(sample.compressed, sample.format, pieces: pieces)
            #expect(decoded == sample.content, "sample \(number)")
        }
    }

    @Test func `content that is cut or changed is never taken for whole`() throws {
        var generator = SeededGenerator(seed: 11)
        for sample in try Self.samples() where (1...2_000).contains(sample.compressed.count) {
            let bytes = sample.compressed
            let end = Int.random(in: 0..<max(bytes.count - 8, 1), using: &generator)
            let cut = Self.decode(Array(bytes[..<end]), sample.format, pieces: .max)
            #expect(cut == nil || cut == Array("one".utf8))
            // Only gzip has a checksum that detects every change of the content.
            guard sample.format == .gzip else { continue }
            let place = Int.random(in: 0..<bytes.count, using: &generator)
            var changed = bytes
            changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            let decoded = Self.decode(changed, .gzip, pieces: .max)
            #expect(decoded == nil || decoded == sample.content || decoded == Array("one".utf8))
        }
    }

    private func get(_ path: String, _ server: PythonServer, limit: Int = 4 << 20) throws -> HTTPResponse {
        var client = HTTPClient(userAgent: "tests/1")
        let request = HTTPRequest(
            .get,
            server.url(path),
            maximumResponseBytes: limit,
            decoding: .gzipAndDeflate,
            usesProxy: false
        )
        return try client.send(request, deadline: .after(.seconds(60)))
    }

    @Test func `gzip and deflate are decoded where a request says so, and other codings are left`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            for path in ["/gzip", "/deflate", "/raw_deflate"] {
                let answer = try get(path, server)
                #expect(answer.text == "fine")
                #expect(answer.header("content-encoding") == nil && answer.header("content-length") == nil)
            }
            #expect(try get("/gzip_pieces", server).text == String(repeating: "piece;", count: 1_000))
            #expect(try get("/empty_gzip", server).body.isEmpty)
            #expect(try get("/brotli", server).header("content-encoding") == "br")
            #expect(try get("/brotli", server).body.count == 8)
            #expect(try get("/fine", server).text == "fine")
        }
    }

    @Test func `content that is cut, invalid or too large after decoding is an error`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            for path in ["/cut_gzip", "/wrong_gzip"] {
                let error = #expect(throws: HTTPError.self) { try get(path, server) }
                #expect(error?.kind == .invalidResponse)
                #expect(error?.debugDescription.contains("compressed content") == true)
            }
            let bomb = #expect(throws: HTTPError.self) { try get("/bomb", server, limit: 2 << 20) }
            #expect(bomb?.kind == .tooLarge)
        }
    }

    /// The pieces in which a body arrives.
    private func pieces(_ url: String) throws -> [[UInt8]] {
        var client = HTTPClient(userAgent: "tests/1")
        var pieces: [[UInt8]] = []
        _ = try client.stream(
            HTTPRequest(.get, url, decoding: .gzipAndDeflate, usesProxy: false),
            deadline: .after(.seconds(60)),
            onHead: { $0.header("content-encoding") == nil },
            onBody: { piece in
                pieces.append(piece)
                return true
            }
        )
        return pieces
    }

    @Test func `a compressed stream is delivered as it arrives`() throws {
        try PythonServer.run("fault_server.py") { (server) throws in
            let pieces = try pieces(server.url("/gzip_pieces"))
            #expect(pieces.count > 1)
            #expect(pieces.flatMap(\.self) == Array(String(repeating: "piece;", count: 1_000).utf8))
        }
    }
}
