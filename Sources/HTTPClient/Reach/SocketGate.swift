internal import CCurl
internal import Glibc

/// Opens the sockets of one transfer, for the addresses that its client may connect to.
struct SocketGate {
    private let reach: NetworkReach

    /// Whether an address was refused.
    private(set) var hasRefused = false

    init(_ reach: NetworkReach) {
        self.reach = reach
    }

    /// Whether there is nothing to judge.
    var isOpen: Bool { reach == .anywhere }

    /// A socket for an address; none if it must not be connected to.
    mutating func open(for address: inout curl_sockaddr) -> curl_socket_t {
        // A socket of another family, such as that of a file, has no address that could be judged.
        guard let target = NetworkAddress(&address.addr, length: Int(address.addrlen)), reach.allows(target) else {
            hasRefused = true
            return curl_socket_t(-1)
        }
        return socket(address.family, address.socktype | Int32(SOCK_CLOEXEC.rawValue), address.protocol)
    }
}
