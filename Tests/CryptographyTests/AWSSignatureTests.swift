import Base
import Cryptography
import Testing

@Suite struct AWSSignatureTests {
    /// The signatures are those of botocore 1.44 for the same requests, credentials and time.
    @Test(
        arguments: [
            (
                "https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1/chat/completions", #"{"model":"m"}"#, nil,
                "e2eba5dfbef36aae7a8f0c6df33b19cff5469a312d1036d66c09c24c2335598c"
            ),
            (
                "https://bedrock-runtime.us-west-2.amazonaws.com/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke"
                    + "?b=2&a=1%2F2", "{}", "token+/=",
                "6167183c9f4e219b632bb6b97f41f98b039b9d9f08cfbba31c88e5ec600c8f30"
            ),
        ] as [(String, String, String?, String)]
    )
    func `the signature is the one that AWS expects`(
        url: String,
        body: String,
        token: String?,
        signature: String
    ) throws {
        let credentials = AWSCredentials(
            keyID: "AKIDEXAMPLE",
            secret: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            sessionToken: token.map { Secret($0) }
        )
        let signer = AWSSignature(service: "bedrock", region: "us-west-2", credentials: credentials)
        let time = try #require(Timestamp("2026-11-30T15:20:56.123456Z"))
        let headers = signer.headers(for: url, body: Array(body.utf8), at: time)
        #expect(headers.last?.name == "authorization")
        #expect(headers.last?.value.hasSuffix("Signature=\(signature)") == true)
        #expect(headers.contains { $0.name == "x-amz-security-token" } == (token != nil))
    }
}
