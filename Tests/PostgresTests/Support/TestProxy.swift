import Glibc
import Postgres
import Synchronization

/// A proxy between one client and the server that simulates a fault of the connection.
final class TestProxy: Sendable {
    /// The simulated fault.
    enum Fault: Sendable {
        case none
        /// The connection is cut after everything that the client sent before these bytes has reached the server.
        case cutRequest(before: String)
        /// The connection is cut after everything that the server sent before these bytes has reached the client.
        case cutAnswer(before: String)
        /// The server's data is discarded from these bytes on, but the connection stays open.
        case swallowAnswer(from: String)
        /// Connections are accepted and never answered.
        case silence
    }

    let port: UInt16
    private let thread: TestThread<Void>
    private let stopping: Int32

    init(to path: String, fault: Fault) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        precondition(bound, "no loopback port")
        port = UInt16(bigEndian: address.sin_port)
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        let stop = ends[0]
        stopping = ends[1]
        thread = TestThread { Self.serve(listener, stop: stop, path: path, fault: fault) }
    }

    /// Closes all connections and ends the proxy.
    func stop() {
        close(stopping)
        thread.join()
    }

    private static func serve(_ listener: Int32, stop: Int32, path: String, fault: Fault) {
        var relays: [TestThread<Void>] = []
        while wait(for: [listener, stop]) == listener {
            let client = accept(listener, nil, nil)
            relays.append(TestThread { relay(client, stop: stop, path: path, fault: fault) })
        }
        for relay in relays { relay.join() }
        close(listener)
        close(stop)
    }

    private static func relay(_ client: Int32, stop: Int32, path: String, fault: Fault) {
        let server = connect(path)
        defer {
            close(client)
            close(server)
        }
        if case .silence = fault {
            _ = wait(for: [stop])
            return
        }
        var isSwallowing = false
        while true {
            let ready = wait(for: [client, server, stop])
            guard ready != stop, let bytes = read(ready) else { return }
            let isRequest = ready == client
            let place = fault.place(in: bytes, isRequest: isRequest)
            let passed = bytes[..<(place ?? bytes.endIndex)]
            if isRequest || !isSwallowing {
                guard write(passed, to: isRequest ? server : client) else { return }
            }
            guard place != nil else { continue }
            guard fault.keepsConnection else { return }
            isSwallowing = true
        }
    }

    private static func wait(for descriptors: [Int32]) -> Int32 {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while poll(&polled, nfds_t(polled.count), -1) < 0 {}
        return polled.first { $0.revents != 0 }?.fd ?? -1
    }

    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func connect(_ path: String) -> Int32 {
        let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(server, $0, length) == 0 }
        }
        precondition(connected, "the server's unix socket cannot be reached")
        return server
    }
}

extension TestProxy.Fault {
    /// The place in a message at which the fault begins.
    fileprivate func place(in bytes: [UInt8], isRequest: Bool) -> Int? {
        switch self {
        case .cutRequest(let marker) where isRequest: bytes.firstPlace(of: marker)
        case .cutAnswer(let marker) where !isRequest: bytes.firstPlace(of: marker)
        case .swallowAnswer(let marker) where !isRequest: bytes.firstPlace(of: marker)
        default: nil
        }
    }

    fileprivate var keepsConnection: Bool {
        if case .swallowAnswer = self { true } else { false }
    }
}

extension [UInt8] {
    fileprivate func firstPlace(of marker: String) -> Int? {
        indices.first { self[$0...].starts(with: marker.utf8) }
    }
}
