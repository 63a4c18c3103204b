import Runs
import Testing

@Suite struct ArtifactNameTests {
    @Test(arguments: ["README.md", "a/b/c.txt", ".env", "..a/b..", "a b", "é.txt", String(repeating: "a", count: 200)])
    func `a relative path is a valid name`(_ path: String) throws {
        #expect(ArtifactName(rawValue: path)?.rawValue == path)
        #expect(try ArtifactName(#""\#(path)""#).rawValue == path)
    }

    // Cases: ai 60
    @Test(arguments: [
        "", " ", "../../etc/x", "/etc/passwd", "..", ".", "a/../b", "a//b", "a/", "./a", "a/.", "a\\b", "C:\\x", " a",
        "a ",
        "a\u{0}b", "a\nb", "a\u{202E}b", "\u{7F}", String(repeating: "a", count: 300),
        String(repeating: "é", count: 101),
    ])
    func `a path that leaves its folder or is hidden is rejected`(_ path: String) {
        #expect(ArtifactName(rawValue: path) == nil)
    }

    @Test(arguments: [
        ("README.md", "text/markdown; charset=utf-8"), ("a/b.JSON", "application/json"),
        ("x.tar.gz", "application/gzip"),
        ("Makefile", "application/octet-stream"), ("a.b/c", "application/octet-stream"),
        (".txt", "text/plain; charset=utf-8"), ("x.", "application/octet-stream"),
        ("a.unknown", "application/octet-stream"),
        ("main.swift", "text/x-swift; charset=utf-8"),
    ])
    func `the content type follows from the name`(_ path: String, _ type: String) throws {
        let name = try #require(ArtifactName(rawValue: path))
        #expect(ContentType(of: name).description == type)
    }

    @Test(arguments: ["text", "/plain", "text/", "text/plain\r\nx: y", "te xt/plain", "text/plain; é", "a/b/c"])
    func `an invalid content type is rejected`(_ text: String) {
        #expect(ContentType(text) == nil)
    }
}
