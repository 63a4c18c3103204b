internal import CCurl

extension EasyHandle {
    /// Has every socket of a transfer opened by a gate, unless the gate lets everything through.
    ///
    /// A connection that is kept was opened for the same client, and so through the same gate.
    ///
    /// - Parameters:
    ///   - gate: Who opens sockets; it is the transfer's alone.
    ///   - transfer: The transfer.
    /// - Returns: How it ended.
    func guarded(by gate: inout SocketGate, _ transfer: () -> MultiHandle.Ending) -> MultiHandle.Ending {
        guard !gate.isOpen else { return transfer() }
        return withUnsafeMutablePointer(to: &gate) { gate in
            let code = curl_set_socket_opener(pointer, openSocket, gate)
            defer { _ = curl_set_socket_opener(pointer, nil, nil) }
            return code == CURLE_OK ? transfer() : .finished(code)
        }
    }
}

private let openSocket: curl_opensocket_callback = { gate, _, address in
    guard let gate = gate?.assumingMemoryBound(to: SocketGate.self), let address else { return curl_socket_t(-1) }
    return gate.pointee.open(for: address)
}
