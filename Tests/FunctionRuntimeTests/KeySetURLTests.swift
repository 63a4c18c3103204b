import Testing

@testable import FunctionRuntime

/// The allowed addresses of a token issuer.
struct KeySetURLTests {
    @Test(arguments: [
        "https://issuer.test/keys", "HTTPS://Issuer.Test/keys", "https://issuer.test",
        "https://issuer.test:8443/keys?v=1",
        "https://192.0.2.1/keys", "https://[2001:db8::1]:8443/keys", "https://issuer_1.test/.well-known/jwks.json",
        "http://127.0.0.1/keys", "http://127.0.0.1:8080/keys", "http://localhost:8080/keys", "http://[::1]:8080/keys",
        "http://LOCALHOST?x", "https://issuer.test/a@b:c",
    ])
    func `https is allowed for any host, http only for localhost`(text: String) {
        #expect(KeySetURL(text)?.text == text)
    }

    @Test(arguments: [
        "", "https://", "https:///keys", "issuer.test/keys", "//issuer.test/keys", "ftp://issuer.test/keys",
        "file:///etc/keys", "https:/issuer.test", "http://issuer.test/keys", "http://127.0.0.2/keys",
        "http://localhost.issuer.test/keys", "http://127.0.0.1.issuer.test/keys", "http://localhost./keys",
        "http://127.0.0.1@issuer.test/keys", "http://127.0.0.1:80@issuer.test/keys",
        #"http://127.0.0.1\@issuer.test/keys"#, "http://127.0.0.1%40issuer.test/keys", "http://127.0.0.1;issuer.test/",
        "http://[::1].issuer.test/keys", "http://[::1]issuer.test/keys", "http://[::1", "http://[]/", "http://[::2]/",
        "http://[localhost]/keys", "https://user:secret@issuer.test/keys", "https://issuer.test/keys#1",
        "https://issuer.test:/keys", "https://issuer.test:0/keys", "https://issuer.test:65536/keys",
        "https://issuer.test:+443/keys", "https://issuer.test:4a/keys", "https://issuer .test/keys",
        "https://issuer.test/a b", "https://issuer.test/a\n", "https://issuer.test/\u{0}", "https://issüer.test/keys",
        " https://issuer.test/keys", "http://0x7f000001/", "http://127.1/", "http://localhost\u{0}.test/",
    ])
    func `any other address is rejected`(text: String) {
        #expect(KeySetURL(text) == nil)
    }

    @Test func `an address may be as long as the database column`() {
        let longest = "https://issuer.test/" + String(repeating: "k", count: 2_048 - 20)

        #expect(KeySetURL(longest) != nil)
        #expect(KeySetURL(longest + "k") == nil)
    }
}
