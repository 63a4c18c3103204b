internal import HTTPClient

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
