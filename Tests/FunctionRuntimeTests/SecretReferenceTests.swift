import Base
import Cryptography
import HTTPClient
import System
import Testing

@testable import FunctionRuntime

struct SecretReferenceTests {
    private static let secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:nofx-a1b2c3"
    private static let parameter = "arn:aws:ssm:eu-central-1:123456789012:parameter/nofx/jwt"

    @Test func `a secret can name a member, a stage and a version`() throws {
        let whole = try #require(SecretReference(Self.secret))
        #expect(whole.member == nil && whole.stage == nil && whole.version == nil)
        let member = try #require(SecretReference(Self.secret + ":url"))
        #expect(member.arn == Self.secret && member.member == "url" && member.stage == nil)
        let version = try #require(SecretReference(Self.secret + ":::v1"))
        #expect(version.arn == Self.secret && version.member == nil && version.version == "v1")
        let stage = try #require(SecretReference(Self.secret + "::AWSPREVIOUS:"))
        #expect(stage.stage == "AWSPREVIOUS" && stage.region == "eu-central-1")
        #expect(
            String(decoding: stage.call.body, as: UTF8.self)
                == #"{"SecretId":"\#(Self.secret)","VersionStage":"AWSPREVIOUS"}"#
        )
    }

    @Test func `a parameter is read with its value decrypted`() throws {
        let reference = try #require(SecretReference(Self.parameter))
        #expect(
            String(decoding: reference.call.body, as: UTF8.self)
                == #"{"Name":"\#(Self.parameter)","WithDecryption":true}"#
        )
        #expect(reference.call.target == "AmazonSSM.GetParameter")
    }

    @Test(arguments: [
        "", "arn", "postgresql://user@host/nofx", "arn:aws:s3:::bucket", "arn:aws:ssm:eu-central-1:1:document/x",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret",
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a:b:c:d:e",
        "arn:aws:secretsmanager:eu-central-1:123456789012:policy:a", "urn:aws:ssm:r:1:parameter/x",
    ])
    func `other values are no references`(text: String) {
        #expect(SecretReference(text) == nil)
    }

    @Test func `the value is the secret's text or its member`() throws {
        let answer = try JSONDocument(
            parsing: Array(#"{"SecretString":"{\"url\":\"postgresql://x\",\"port\":5432}"}"#.utf8)
        ).root
        func value(_ text: String) -> String? { SecretReference(text)?.value(in: answer) }
        #expect(value(Self.secret) == #"{"url":"postgresql://x","port":5432}"#)
        #expect(value(Self.secret + ":url") == "postgresql://x")
        #expect(value(Self.secret + ":port") == "5432")
        #expect(value(Self.secret + ":absent") == nil)
        #expect(value(Self.parameter) == nil)
    }

    @Test func `the address is that of the region, or of the variables of the SDKs`() throws {
        let reference = try #require(SecretReference(Self.secret))
        #expect(reference.endpoint(Environment([])) == "https://secretsmanager.eu-central-1.amazonaws.com")
        #expect(reference.endpoint(Environment([("AWS_ENDPOINT_URL", "http://a:1/")])) == "http://a:1")
        let both = Environment([("AWS_ENDPOINT_URL", "http://a"), ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://b")])
        #expect(reference.endpoint(both) == "http://b")
    }

    /// The signatures are those of botocore 1.44 for the same request, key and time.
    @Test(arguments: [
        (nil, "7231bb69484524d2c2143d26f164537eae16286d545e20b54556ea39677f0417"),
        ("session/token+=", "30323deda713d1ff68941e7783c0072df7c930995ac4ad51609f48d632f47931"),
    ])
    func `the signature is the one that AWS expects`(token: String?, signature: String) throws {
        let call = AWSCall(
            service: "secretsmanager",
            region: "eu-central-1",
            target: "secretsmanager.GetSecretValue",
            body: Array(#"{"SecretId":"nofx"}"#.utf8)
        )
        let credentials = AWSCredentials(
            keyID: "AKIDEXAMPLE",
            secret: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            sessionToken: token.map { Secret($0) }
        )
        let time = try #require(Timestamp("2026-11-30T15:20:56.123456Z"))
        let request = call.request(
            to: "https://secretsmanager.eu-central-1.amazonaws.com",
            credentials,
            at: time
        )
        let authorization = try #require(request.headers.first { $0.name == "authorization" }).value
        #expect(authorization.hasSuffix("Signature=\(signature)"), "\(authorization)")
        #expect(request.headers.contains { $0.name == "x-amz-date" && $0.value == "20261130T152056Z" })
    }

    @Test func `without credentials the variable is named, and not its value`() throws {
        let reference = try #require(SecretReference(Self.secret))
        #expect {
            try SecretReferences.values(of: [("DATABASE_URL", reference)], Environment([]))
        } throws: { error in
            let error = error as? ConfigurationError
            return error?.variable == "DATABASE_URL" && error?.rule.contains("arn:") == false
        }
    }
}
