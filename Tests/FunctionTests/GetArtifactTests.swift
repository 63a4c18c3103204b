import Base
import Core
import Postgres
import TestSupport
import Testing

@testable import Runs
@testable import Teams
@testable import nofx

@Suite struct GetArtifactTests {
    @Test(arguments: [
        ("text/markdown; charset=utf-8", "# Größe\n", true), ("application/json", #"{"a":1}"#, true),
        ("image/svg+xml", "<svg/>", true), ("TEXT/plain", "", true), ("application/octet-stream", "plain", false),
        ("image/png", "PNG", false), ("text/plain", "a\u{0}b", false),
    ])
    func `text is returned as text, and other content in base64`(type: String, content: String, isText: Bool) throws {
        let world = try RunWorld()
        let artifact = TestArtifact("out/notes.md", type, content.utf8)
        try world.database.finish(world.database.claim(), artifacts: [artifact])
        let answer = try world.get("build", "out/notes.md").answer
        #expect(answer["name"]?.string == "out/notes.md")
        #expect(answer["contentType"]?.string == type)
        #expect(answer["size"]?.integer == content.utf8.count)
        let hash: String = try world.database.value("SELECT encode(sha256(\(Array(content.utf8))), 'hex')")
        #expect(answer["sha256"]?.string == hash)
        #expect(answer["content"]?.string == (isText ? content : nil))
        #expect(answer["contentBase64"]?.string == (isText ? nil : Base64.encode(Array(content.utf8))))
    }

    @Test func `content that is not UTF-8 is not returned as text, whatever its type`() throws {
        let world = try RunWorld()
        let bytes: [UInt8] = [0x66, 0xFF, 0xC0, 0x80]
        try world.database.finish(
            world.database.claim(),
            artifacts: [TestArtifact("latin.txt", "text/plain", bytes)]
        )
        let answer = try world.get("build", "latin.txt").answer
        #expect(answer["content"]?.isNull == true)
        #expect(answer["contentBase64"]?.string == Base64.encode(bytes))
    }

    @Test func `a missing artifact and a foreign one get the same answer`() throws {
        let world = try RunWorld()
        try world.database.finish(
            world.database.claim(),
            artifacts: [TestArtifact("notes.md", "text/markdown", "#".utf8)]
        )
        let other = Caller.stranger()
        let theirs = try world.database.team(of: other)
        let names = #""step":"build","name":"notes.md""#
        func refusal(_ input: String, as caller: Caller) -> String? {
            world.database.refusal(of: GetArtifact.self, input, as: caller)
        }
        #expect(refusal(world.input(names), as: other) == "404 team_not_found")
        #expect(refusal(theirs.input(world.run, names), as: other) == "404 run_not_found")
        #expect(refusal(world.step("ship", #""name":"notes.md""#), as: world.owner) == "404 step_not_found")
        #expect(refusal(world.step("build", #""name":"other.md""#), as: world.owner) == "404 artifact_not_found")
        #expect(refusal(world.step("build", #""name":"../notes.md""#), as: world.owner) == "422 validation_failed")
        #expect(refusal(world.input(names), as: try world.member(as: .viewer)) == nil)
        #expect(refusal(world.input(names), as: try world.member(as: .viewer, permissions: [])) == "403 forbidden")
        #expect(refusal(world.input(names), as: world.owner.key(scopes: [.admin])) == "403 insufficient_scope")
    }
}

extension RunWorld {
    fileprivate func get(_ step: String, _ name: String) throws -> Artifact {
        try database.call(GetArtifact.self, self.step(step, #""name":"\#(name)""#), as: owner)
    }
}
