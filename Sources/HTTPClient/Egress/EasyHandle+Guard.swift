internal import CCurl

extension EasyHandle {
    /// Makes the filter open every socket of a transfer, unless the policy allows every address.
    ///
    /// A kept connection was opened for the same client, and therefore through a filter with the same policy.
    ///
    /// - Parameters:
    ///   - filter: Opens the sockets; it belongs to this transfer only.
    ///   - transfer: The transfer.
    /// - Returns: How the transfer ended.
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
