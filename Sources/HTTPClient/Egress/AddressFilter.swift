internal import CCurl
internal import Glibc

/// Opens the sockets of one transfer, only for the addresses that the egress policy allows.
struct AddressFilter {
    private let egress: EgressPolicy

    /// Whether the filter refused an address.
    private(set) var hasRefused = false

    init(_ egress: EgressPolicy) {
        self.egress = egress
    }

    /// Whether the policy allows every address.
    var isOpen: Bool { egress == .anywhere }

    /// Opens a socket for an address.
    ///
    /// Returns an invalid socket if the policy refuses the address.
    mutating func open(for address: UnsafePointer<curl_sockaddr>) -> curl_socket_t {
        let bytes = UnsafeRawBufferPointer(start: curl_address_bytes(address), count: Int(address.pointee.addrlen))
        // A socket of another family, such as a unix socket, has no IP address to check, so it is refused.
        guard let target = NetworkAddress(socketAddress: bytes), egress.allows(target) else {
            hasRefused = true
            return curl_socket_t(-1)
        }
        let kind = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        return socket(address.pointee.family, kind, address.pointee.protocol)
    }
}
