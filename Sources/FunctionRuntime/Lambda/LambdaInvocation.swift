internal import Base
internal import HTTPClient
internal import System

/// One event that Lambda wants answered, and what the platform says about it.
struct LambdaInvocation: Sendable {
    /// Names the invocation when it is answered.
    let requestID: String

    /// When Lambda gives up, or `nil` if it did not say so in a way that makes sense.
    let deadline: Deadline?

    /// The function as it was called, with its alias or version; empty if the platform did not say.
    let functionARN: String

    /// The X-Ray header of this invocation, `Root=…;Parent=…;Sampled=…`.
    let traceID: String?

    /// The tenant, set by the platform and not by the caller.
    let tenantID: String?

    /// The event as it came.
    let body: [UInt8]
}

extension LambdaInvocation {
    /// Reads an answer to `next`.
    ///
    /// - Returns: `nil` without a request id that can be put into a URL: such an event can never be answered.
    init?(_ answer: HTTPResponse) {
        guard let requestID = answer.header("lambda-runtime-aws-request-id"), !requestID.isEmpty,
            requestID.utf8.allSatisfy(\.isUnreserved)
        else { return nil }
        self.init(
            requestID: requestID,
            deadline: answer.header("lambda-runtime-deadline-ms").flatMap(Deadline.init(lambdaMilliseconds:)),
            functionARN: answer.header("lambda-runtime-invoked-function-arn") ?? "",
            traceID: answer.header("lambda-runtime-trace-id"),
            tenantID: answer.header("lambda-runtime-aws-tenant-id"),
            body: answer.body
        )
    }
}

extension Deadline {
    /// Moves a wall-clock time, milliseconds since 1970 in decimal, to the clock of deadlines.
    ///
    /// - Returns: `nil` if that is no number or more than a day away: an invocation lasts 15 minutes at most, so
    ///   a broken clock or header must neither end the call at once nor take its limit away.
    fileprivate init?(lambdaMilliseconds text: String) {
        guard let milliseconds = Int64(text), milliseconds > 0, milliseconds < Int64.max / 1_000 else { return nil }
        let remaining = milliseconds * 1_000 - SystemClock.microsecondsSince1970()
        guard remaining.magnitude <= 86_400_000_000 else { return nil }
        self = .after(.microseconds(max(remaining, 0)))
    }
}

extension UInt8 {
    /// RFC 3986, section 2.3: what stands for itself in a URL.
    fileprivate var isUnreserved: Bool {
        isDigit || isLetter || "-._~".utf8.contains(self)
    }
}

/// Why a process cannot go on serving Lambda; each case ends it with a status other than zero.
enum LambdaRuntimeError: Error, Equatable {
    /// `AWS_LAMBDA_RUNTIME_API` is not `host:port`.
    case invalidAddress

    /// The Runtime API cannot be reached, or not any more.
    case unreachable(HTTPError)

    /// The Runtime API answered with a status that leaves nothing to do.
    case refused(status: Int)

    /// An event came without a request id, so it can never be answered.
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

    /// ``description``, with libcurl's own words where it has any.
    var debugDescription: String {
        guard case .unreachable(let error) = self else { return description }
        return "the Lambda Runtime API cannot be reached: \(error.debugDescription)"
    }
}
