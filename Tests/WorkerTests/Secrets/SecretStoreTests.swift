import Base
import Glibc
import Runs
import System
import TestSupport
import Testing
import Worker

@Suite struct SecretStoreTests {
    private static let team = "0198a000-0000-7000-8000-000000000001"
    private static let other = "0198a000-0000-7000-8000-000000000002"

    private func find(
        _ name: String,
        _ scope: String = "prod",
        team: String = team,
        in variables: [(String, String)]
    ) throws -> String? {
        try SecretStore(Environment(variables)).secret(
            #require(SecretName(rawValue: name)),
            of: #require(SecretsScope(rawValue: scope)),
            for: #require(UUID(team))
        )?.text
    }

    @Test func `a variable holds secrets by team, scope and name`() throws {
        let variables = [
            (
                "NOFX_SECRETS",
                #"{"\#(Self.team)":{"prod":{"A":"first"},"test":{"A":"second"}},"\#(Self.other)":{"prod":{"A":"third"}}}"#
            )
        ]
        #expect(try find("A", in: variables) == "first")
        #expect(try find("A", "test", in: variables) == "second")
        #expect(try find("A", team: Self.other, in: variables) == "third")
        #expect(try find("B", in: variables) == nil)
        #expect(try find("a", in: variables) == nil)
        #expect(try find("A", "test", team: Self.other, in: variables) == nil)
        #expect(try find("A", team: "0198a000-0000-7000-8000-000000000003", in: variables) == nil)
        #expect(try find("A", in: []) == nil)
    }

    @Test(arguments: [
        "x", "[]", #"{"team":{}}"#, #"{"0198a000-0000-7000-8000-000000000001":[]}"#,
        #"{"0198a000-0000-7000-8000-000000000001":{"Prod":{}}}"#,
        #"{"0198a000-0000-7000-8000-000000000001":{"prod":"x"}}"#,
        #"{"0198a000-0000-7000-8000-000000000001":{"prod":{"A-B":"x"}}}"#,
        #"{"0198a000-0000-7000-8000-000000000001":{"prod":{"A":1}}}"#,
        #"{"0198a000-0000-7000-8000-000000000001":{"prod":{"A":""}}}"#,
        #"{"0198a000-0000-7000-8000-000000000001":{"prod":{"A":"abc"}}}"#,
        #"{"0198a000-0000-7000-8000-000000000001":{"prod":{"A":"\u00e9a"}}}"#,
        #"{"0198a000-0000-7000-8000-00000000000a":{},"0198A000-0000-7000-8000-00000000000A":{}}"#,
    ])
    func `an invalid variable is an error that does not show it`(value: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try SecretStore(Environment([("NOFX_SECRETS", value)]))
        }
        #expect(error?.variable == "NOFX_SECRETS")
        #expect(error?.description.contains("0198") == false)
    }

    @Test func `a folder must be an absolute path`() throws {
        #expect(throws: ConfigurationError("NOFX_SECRETS_DIR", "must be an absolute path")) {
            try SecretStore(Environment([("NOFX_SECRETS_DIR", "secrets")]))
        }
        #expect(try find("A", in: [("NOFX_SECRETS_DIR", "/no/such/folder")]) == nil)
    }

    @Test(arguments: [
        ("value", "value"), ("value\n", "value"), ("value\r\n", "value"), ("two\nlines\n\n", "two\nlines\n"),
        ("\n", nil), ("", nil), (" ä ", " ä "), ("four", "four"),
    ])
    func `a file's content is the secret, without a final line break`(content: String, value: String?) throws {
        try Folder.with { (folder) throws in
            folder.write("\(Self.team)/prod/A", content)
            #expect(try find("A", in: folder.variables) == value)
            #expect(try find("A", team: Self.other, in: folder.variables) == nil)
            #expect(try find("A", "test", in: folder.variables) == nil)
        }
    }

    @Test func `a file has the maximum length of a secret and must be text`() throws {
        try Folder.with { (folder) throws in
            let most = String(repeating: "x", count: 64 << 10)
            folder.write("\(Self.team)/prod/MOST", most + "\n")
            folder.write("\(Self.team)/prod/MORE", most + "x")
            folder.write("\(Self.team)/prod/MUCH", most + most)
            folder.write("\(Self.team)/prod/NUL", "a\0b")
            folder.write("\(Self.team)/prod/BYTES", [0xFF, 0xFE, 0x41])
            folder.write("\(Self.team)/prod/SHORT", "abc\n")
            #expect(try find("MOST", in: folder.variables) == most)
            #expect(folder.code { try find("MORE", in: $0) } == EFBIG)
            #expect(folder.code { try find("MUCH", in: $0) } == EFBIG)
            #expect(folder.code { try find("NUL", in: $0) } == EILSEQ)
            #expect(folder.code { try find("BYTES", in: $0) } == EILSEQ)
            #expect(folder.code { try find("SHORT", in: $0) } == EINVAL)
        }
    }

    @Test func `a link may lead anywhere within the team's folder, as in Kubernetes`() throws {
        try Folder.with { (folder) throws in
            folder.write("\(Self.team)/prod/..2026/A", "first")
            folder.link("\(Self.team)/prod/..data", to: "..2026")
            folder.link("\(Self.team)/prod/A", to: "..data/A")
            folder.link("\(Self.team)/test", to: "prod")
            #expect(try find("A", in: folder.variables) == "first")
            #expect(try find("A", "test", in: folder.variables) == "first")
        }
    }

    @Test func `a link out of the team's folder and a folder are rejected`() throws {
        try Folder.with { (folder) throws in
            folder.write("\(Self.other)/prod/A", "of others")
            folder.write("outside", "of nobody")
            folder.write("\(Self.team)/prod/FOLDER/x", "")
            folder.link("\(Self.team)/prod/A", to: "../../\(Self.other)/prod/A")
            folder.link("\(Self.team)/prod/B", to: "../../outside")
            folder.link("\(Self.team)/prod/C", to: "/etc/passwd")
            folder.link("\(Self.team)/prod/DANGLING", to: "nothing")
            folder.link("\(Self.team)/prod/LOOP", to: "LOOP")
            folder.link("\(Self.team)/others", to: "../\(Self.other)/prod")
            folder.link("0198a000-0000-7000-8000-000000000003", to: Self.other)
            for name in ["A", "B", "C"] { #expect(folder.code { try find(name, in: $0) } == EXDEV) }
            #expect(folder.code { try find("A", "others", in: $0) } == EXDEV)
            #expect(folder.code { try find("A", team: "0198a000-0000-7000-8000-000000000003", in: $0) } == EXDEV)
            #expect(folder.code { try find("FOLDER", in: $0) } == EINVAL)
            #expect(folder.code { try find("LOOP", in: $0) } == ELOOP)
            #expect(try find("DANGLING", in: folder.variables) == nil)
            #expect(try find("A", team: Self.other, in: folder.variables) == "of others")
        }
    }

    @Test func `a pipe is rejected without waiting for it`() throws {
        try Folder.with { (folder) throws in
            folder.write("\(Self.team)/prod/A", "")
            #expect(mkfifo("\(folder.path)/\(Self.team)/prod/PIPE", 0o600) == 0)
            #expect(folder.code { try find("PIPE", in: $0) } == EINVAL)
        }
    }
}
