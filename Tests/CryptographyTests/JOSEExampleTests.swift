import Base
import Testing

@testable import Cryptography

/// The signed examples of the standards, verified with the keys printed beside them.
struct JOSEExampleTests {
    /// RFC 7515, appendix A.1, which is also the example of RFC 7519, section 3.1.
    @Test func `the HS256 example is valid`() throws {
        let key = try #require(
            Base64.decodeURL(
                "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow".utf8
            )
        )
        let token = try SignedToken(
            Array(
                """
                eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
                dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk
                """.utf8
            )
        )
        #expect(try HMACSecret(Secret(key)).isValid(signature: token.signature, for: token.signedBytes))
    }

    /// RFC 7515, appendix A.2.
    @Test func `the RS256 example is valid`() throws {
        try expectValid(
            key: """
                {"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP\
                1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdb\
                BYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8N\
                Aco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}
                """,
            token: """
                eyJhbGciOiJSUzI1NiJ9.\
                eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
                cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJd\
                bF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN93\
                83LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhW\
                kWywlVmtVrBp0igcN_IoypGlUPQGe77Rw
                """
        )
    }

    /// RFC 7515, appendix A.3.
    @Test func `the ES256 example is valid`() throws {
        try expectValid(
            key: """
                {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",\
                "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
                """,
            token: """
                eyJhbGciOiJFUzI1NiJ9.\
                eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
                DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q
                """
        )
    }

    /// RFC 8037, appendix A.4.
    @Test func `the EdDSA example is valid`() throws {
        try expectValid(
            key: #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            token: """
                eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
                hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg
                """
        )
    }

    private func expectValid(key: String, token: String) throws {
        let key = try TestTokens.keySet(key).key(named: nil)
        let token = try SignedToken(Array(token.utf8))
        #expect(key.algorithm == token.header.algorithm)
        #expect(key.isValid(signature: token.signature, for: token.signedBytes))
        #expect(!key.isValid(signature: token.signature, for: token.signedBytes.dropLast()))
    }
}
