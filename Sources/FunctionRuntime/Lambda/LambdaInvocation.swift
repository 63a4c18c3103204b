internal import Base
internal import HTTPClient
internal import System

/// An event from Lambda, with the platform's data about the invocation.
struct LambdaInvocation: Sendable {
    /// Identifies the invocation in the response.
    let requestID: String

    /// When Lambda stops the invocation, or `nil` if its header is missing or implausible.
    let deadline: Deadline?

    /// The ARN of the invoked function, with its alias or version; empty if the header is missing.
    let functionARN: String

    /// The X-Ray header of this invocation, `Root=…;Parent=…;Sampled=…`.
    let traceID: String?

    /// The tenant, which the platform sets and the caller cannot choose.
    let tenantID: String?

    /// The event's bytes.
    let body: [UInt8]
}

extension LambdaInvocation {
    /// Parses a response to `next`.
    ///
    /// - Returns: `nil` if the request id is missing or cannot be part of a URL. No response to such an event is
    ///   possible.
    init?(_ answer: HTTPResponse) {
        guard let requestID = answer.header("lambda-runtime-aws-request-id"), !requestID.isEmpty,
            requestID.utf8.allSatisfy(\.isUnreserved)
        else { return nil }
        self.init(
            requestID: requestID,
            deadline: answer.header("lambda-runtime-deadline-ms").flatMap { Int64($0) }.flatMap(
                Deadline.init(millisecondsSince1970:)
            ),
            functionARN: answer.header("lambda-runtime-invoked-function-arn") ?? "",
            traceID: answer.header("lambda-runtime-trace-id"),
            tenantID: answer.header("lambda-runtime-aws-tenant-id"),
            body: answer.body
        )
    }
}

extension UInt8 {
    /// Whether the byte is an unreserved character of a URL (RFC 3986, section 2.3).
    fileprivate var isUnreserved: Bool {
        isDigit || isLetter || "-._~".utf8.contains(self)
    }
}

/// The reason why a process cannot continue to serve Lambda.
///
/// Each case ends the process with a nonzero status.
enum LambdaRuntimeError: Error, Equatable {
    /// `AWS_LAMBDA_RUNTIME_API` is not `host:port`.
    case invalidAddress

    /// The Runtime API is unreachable.
    case unreachable(HTTPError)

    /// The Runtime API responded with a status that makes it impossible to continue.
    case refused(status: Int)

    /// An event has no usable request id, so no response to it is possible.
    case unanswerable
}

extension LambdaRuntimeError: CustomStringConvertible, CustomDebugStringConvertible {
    var description: String {
        switch self {
        case .invalidAddress: "AWS_LAMBDA_RUNTIME_API is not host:port"
        case .unreachable(let error): "the Lambda Runtime API cannot be reached: \(error)"
        case .refused(let status): "the Lambda Runtime API answered \(status)"
        case .unanswerable: "the Lambda Runtime API sent an event without a usable request id"
        }
    }

    /// ``description``, with libcurl's message if there is one.
    var debugDescription: String {
        guard case .unreachable(let error) = self else { return description }
        return "the Lambda Runtime API cannot be reached: \(error.debugDescription)"
    }
}
