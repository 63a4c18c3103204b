internal import CCurl
internal import Glibc

/// Opens the sockets of one transfer, for the addresses that its client may connect to.
struct AddressFilter {
    private let egress: EgressPolicy

    /// Whether an address was refused.
    private(set) var hasRefused = false

    init(_ egress: EgressPolicy) {
        self.egress = egress
    }

    /// Whether there is nothing to judge.
    var isOpen: Bool { egress == .anywhere }

    /// A socket for an address; none if it must not be connected to.
    mutating func open(for address: UnsafePointer<curl_sockaddr>) -> curl_socket_t {
        let bytes = UnsafeRawBufferPointer(start: curl_address_bytes(address), count: Int(address.pointee.addrlen))
        // A socket of another family, such as that of a file, has no address that could be judged.
        guard let target = NetworkAddress(socketAddress: bytes), egress.allows(target) else {
            hasRefused = true
            return curl_socket_t(-1)
        }
        let kind = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        return socket(address.pointee.family, kind, address.pointee.protocol)
    }
}
