/// Why no token is printed.
enum Failure: Error {
    /// The arguments are wrong.
    case usage(String)
    /// The environment is wrong.
    case configuration(String)

    /// A sentence for whoever called.
    var message: String {
        switch self {
        case .usage(let message): "\(message)\ntry: issueToken --help"
        case .configuration(let message): message
        }
    }

    /// The status of `sysexits.h`.
    var status: Int32 {
        switch self {
        case .usage: 64
        case .configuration: 78
        }
    }
}
