public import Base
public import System

/// The addresses to which a client may connect.
///
/// A program that requests URLs chosen by its users gives them access to its own network: the database, neighbouring
/// machines, and the cloud credentials at 169.254.169.254. Checking the URL does not prevent this, because a host name
/// can resolve to any address and can change between two look-ups. Therefore the policy checks the address of each
/// socket just before it connects.
public enum EgressPolicy: Hashable, Sendable {
    /// Every address.
    case anywhere

    /// Addresses that are reachable from the public Internet, and the given exceptions.
    case publicOnly(except: [AddressRange] = [])

    /// Public addresses, and the ranges that the operator allows with `NOFX_HTTP_ALLOW`, such as
    /// `127.0.0.0/8,10.1.0.0/16`.
    ///
    /// - Throws: `ConfigurationError` if an element is not a range of addresses.
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
    /// An IPv4 exception also applies to the IPv6 addresses that embed an IPv4 address of that range.
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
