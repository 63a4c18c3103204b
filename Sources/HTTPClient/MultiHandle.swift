internal import CCurl

/// libcurl's multi handle: where a transfer runs that somebody watches, and where the connections are kept.
///
/// A name for a pointer; ``HTTPClient`` owns what it points to.
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

    /// Closes the connections; the easy handle has been closed before.
    func close() {
        curl_multi_cleanup(pointer)
    }

    /// Runs the transfer that an easy handle was configured for.
    ///
    /// - Parameters:
    ///   - easy: The easy handle; its connection is closed if the transfer does not finish.
    ///   - watch: Who may end it.
    ///   - received: How many bytes of the answer have come.
    /// - Returns: How it ended.
    func run(_ easy: EasyHandle, watching watch: inout TransferWatch, received: () -> Int) -> Ending {
        guard curl_multi_add_handle(pointer, easy.pointer) == CURLM_OK else { return .finished(CURLE_OUT_OF_MEMORY) }
        defer { curl_multi_remove_handle(pointer, easy.pointer) }
        var running: Int32 = 0
        while true {
            guard curl_multi_perform(pointer, &running) == CURLM_OK else { return .finished(CURLE_OUT_OF_MEMORY) }
            guard running > 0 else { return .finished(curl_finished_code(pointer)) }
            let bytes = received()
            switch watch.look(bytes: bytes, hasAnswer: bytes > 0) {
            case .silent: return .silent
            case .cancelled: return .cancelled
            case .goOn(let milliseconds):
                // It returns as soon as there is something to do.
                guard curl_multi_poll(pointer, nil, 0, milliseconds, nil) == CURLM_OK else {
                    return .finished(CURLE_OUT_OF_MEMORY)
                }
            }
        }
    }
}
