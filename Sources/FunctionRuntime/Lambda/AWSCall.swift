import Base
import Cryptography
import HTTPClient

/// A call of an AWS service that speaks JSON, signed with Signature Version 4.
struct AWSCall: Sendable {
    /// The service in the signature, for example `secretsmanager`.
    let service: String
    let region: String

    /// The operation, for example `secretsmanager.GetSecretValue`.
    let target: String
    let body: [UInt8]

    /// The request to a server.
    ///
    /// - Parameters:
    ///   - endpoint: The URL of the service, without a path.
    ///   - credentials: The caller.
    ///   - time: The time of the signature; AWS accepts a difference of five minutes.
    /// - Returns: The signed request.
    func request(to endpoint: String, _ credentials: AWSCredentials, at time: Timestamp = .now()) -> HTTPRequest {
        let signature = AWSSignature(service: service, region: region, credentials: credentials)
        let target = (name: "x-amz-target", value: target)
        let signed = signature.headers(for: endpoint + "/", signing: [target], body: body, at: time)
        return HTTPRequest(
            .post,
            endpoint + "/",
            headers: signed + [(name: "content-type", value: "application/x-amz-json-1.1")],
            body: body
        )
    }
}
