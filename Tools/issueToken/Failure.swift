/// The reason why no token is printed.
enum Failure: Error {
    /// The arguments are wrong.
    case usage(String)
    /// The environment is wrong.
    case configuration(String)

    /// A sentence for the user.
    var message: String {
        switch self {
        case .usage(let message): "\(message)\ntry: issueToken --help"
        case .configuration(let message): message
        }
    }

    /// The exit status, as `sysexits.h` defines it.
    var status: Int32 {
        switch self {
        case .usage: 64
        case .configuration: 78
        }
    }
}
