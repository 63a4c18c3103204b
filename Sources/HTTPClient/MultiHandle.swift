internal import CCurl

/// libcurl's multi handle, which runs a watched transfer and keeps the connections.
///
/// This type wraps a pointer without owning it. ``HTTPClient`` owns the handle.
struct MultiHandle {
    private let pointer: UnsafeMutableRawPointer

    /// How a transfer ended.
    enum Ending {
        case finished(CURLcode)
        case silent
        case cancelled
    }

    static func open() throws(HTTPError) -> MultiHandle {
        guard let pointer = curl_multi_init() else { throw HTTPError(.failed, "no memory for a handle") }
        return MultiHandle(pointer: pointer)
    }

    /// Closes the connections.
    ///
    /// The easy handle must be closed first.
    func close() {
        curl_multi_cleanup(pointer)
    }

    /// Runs the transfer for which an easy handle is configured.
    ///
    /// - Parameters:
    ///   - easy: The easy handle. If the transfer does not finish, its connection is closed.
    ///   - watch: Decides whether the transfer may continue.
    ///   - received: Returns the number of response bytes so far, and whether any belongs to the body.
    /// - Returns: How the transfer ended.
    func run(
        _ easy: EasyHandle,
        watching watch: inout TransferWatch,
        received: () -> (bytes: Int, hasBody: Bool)
    ) -> Ending {
        guard curl_multi_add_handle(pointer, easy.pointer) == CURLM_OK else { return .finished(CURLE_OUT_OF_MEMORY) }
        defer { curl_multi_remove_handle(pointer, easy.pointer) }
        var running: Int32 = 0
        while true {
            guard curl_multi_perform(pointer, &running) == CURLM_OK else { return .finished(CURLE_OUT_OF_MEMORY) }
            guard running > 0 else { return .finished(curl_finished_code(pointer)) }
            let (bytes, hasBody) = received()
            switch watch.look(bytes: bytes, hasAnswer: bytes > 0, hasBody: hasBody) {
            case .silent: return .silent
            case .cancelled: return .cancelled
            case .goOn(let milliseconds):
                // Returns as soon as a socket is ready.
                guard curl_multi_poll(pointer, nil, 0, milliseconds, nil) == CURLM_OK else {
                    return .finished(CURLE_OUT_OF_MEMORY)
                }
            }
        }
    }
}
