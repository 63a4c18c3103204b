public import Base
public import System

/// Which addresses a client may connect to.
///
/// Whoever lets others choose a URL would otherwise lend them its place in the network: the database, the neighbours,
/// the credentials that clouds hand out at 169.254.169.254. A URL says nothing about that, since a name may have any
/// address, and another one a moment later. So the address is judged that a socket is about to be connected to.
public enum EgressPolicy: Hashable, Sendable {
    /// All of them.
    case anywhere

    /// Those that everybody on the Internet can reach, and those excepted.
    case publicOnly(except: [AddressRange] = [])

    /// Public addresses, and those that the operator allows with `NOFX_HTTP_ALLOW`: ranges such as
    /// `127.0.0.0/8,10.1.0.0/16`.
    ///
    /// - Throws: `ConfigurationError` for what is no range of addresses.
    public init(_ environment: Environment) throws(ConfigurationError) {
        let variable = "NOFX_HTTP_ALLOW"
        var exceptions: [AddressRange] = []
        let parts = environment[variable]?.split(separator: ",", omittingEmptySubsequences: false) ?? []
        for part in parts {
            let text = part.trimmingBlanks
            guard let range = AddressRange(text) else {
                throw ConfigurationError(variable, "must be ranges of addresses such as 127.0.0.0/8,fd00::/8")
            }
            exceptions.append(range)
        }
        self = .publicOnly(except: exceptions)
    }

    /// Whether a client may connect to an address.
    ///
    /// An exception also counts for the addresses of version 6 that stand for one of version 4.
    public func allows(_ address: NetworkAddress) -> Bool {
        switch self {
        case .anywhere: true
        case .publicOnly(let exceptions):
            address.isPublic
                || exceptions.contains { range in
                    range.contains(address) || address.embedded.map(range.contains) ?? false
                }
        }
    }
}
