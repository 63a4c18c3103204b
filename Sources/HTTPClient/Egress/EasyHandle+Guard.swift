internal import CCurl

extension EasyHandle {
    /// Has every socket of a transfer opened by a filter, unless the filter lets everything through.
    ///
    /// A connection that is kept was opened for the same client, and so through the same filter.
    ///
    /// - Parameters:
    ///   - filter: Who opens sockets; it is the transfer's alone.
    ///   - transfer: The transfer.
    /// - Returns: How it ended.
    func guarded(by filter: inout AddressFilter, _ transfer: () -> MultiHandle.Ending) -> MultiHandle.Ending {
        guard !filter.isOpen else { return transfer() }
        return withUnsafeMutablePointer(to: &filter) { filter in
            let code = curl_set_socket_opener(pointer, openSocket, filter)
            defer { _ = curl_set_socket_opener(pointer, nil, nil) }
            return code == CURLE_OK ? transfer() : .finished(code)
        }
    }
}

private let openSocket: curl_opensocket_callback = { filter, _, address in
    guard let filter = filter?.assumingMemoryBound(to: AddressFilter.self), let address else {
        return curl_socket_t(-1)
    }
    return filter.pointee.open(for: address)
}
