import Glibc
import Postgres
import System

/// A relay in front of a database that simulates outages.
public final class DatabaseRelay: Sendable {
    /// The simulated state of the database.
    public enum Condition: Sendable {
        /// The relay forwards everything.
        case working
        /// The relay accepts connections and data, and answers nothing.
        case silent
        /// The relay closes all connections and refuses new ones.
        case stopped
    }

    /// The port on 127.0.0.1 to connect to.
    public let port: UInt16

    private let listener: Int32
    private let path: String
    private let condition = Monitor(Condition.working)
    private let refused = Monitor(0)
    private let open = Monitor<Set<Int32>>([])

    /// Starts to listen.
    ///
    /// - Parameter path: The server's unix socket.
    public init(to path: String) {
        self.path = path
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        precondition(isBound, "there is no port left")
        port = UInt16(bigEndian: address.sin_port)
        _ = TestThread { self.serve() }
    }

    /// Changes the simulated state.
    public func become(_ condition: Condition) {
        self.condition.withLock { $0 = condition }
        if case .stopped = condition { open.withLock { $0.forEach { shutdown($0, Int32(SHUT_RDWR)) } } }
    }

    /// The number of connections refused in the state `stopped`.
    public var refusals: Int { refused.withLock { $0 } }

    /// Closes all connections and ends the relay.
    public func end() {
        become(.stopped)
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func serve() {
        while case let client = accept(listener, nil, nil), client >= 0 {
            if case .stopped = condition.withLock({ $0 }) {
                close(client)
                refused.withLock { $0 += 1 }
            } else {
                _ = TestThread { self.relay(client) }
            }
        }
        close(listener)
    }

    private func relay(_ client: Int32) {
        let server = connect()
        open.withLock { $0.formUnion([client, server]) }
        // The state may have changed to `stopped` before this connection was in the list.
        if case .stopped = condition.withLock({ $0 }) { shutdown(client, Int32(SHUT_RDWR)) }
        var descriptors = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        relaying: while unsafe poll(&descriptors, 2, -1) > 0 {
            for (from, to) in [(0, 1), (1, 0)] where descriptors[from].revents != 0 {
                let count = unsafe recv(descriptors[from].fd, &buffer, buffer.count, 0)
                guard count > 0 else { break relaying }
                guard case .working = condition.withLock({ $0 }) else { continue }
                guard unsafe send(descriptors[to].fd, &buffer, count, Int32(MSG_NOSIGNAL)) == count else {
                    break relaying
                }
            }
        }
        open.withLock { $0.subtract([client, server]) }
        close(client)
        close(server)
    }

    private func connect() -> Int32 {
        let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isConnected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(server, $0, length) == 0
            }
        }
        precondition(isConnected, "the server cannot be reached")
        return server
    }
}

extension TestDatabase {
    /// Runs a relay in front of the database for the duration of the body.
    ///
    /// - Parameters:
    ///   - role: The database role of all clients.
    ///   - body: Receives the relay, and the `DATABASE_URL` that leads through it.
    /// - Returns: The result of the body.
    /// - Throws: The error of the body, or an error if there is no database.
    public func withRelay<Output>(
        as role: String = "nofx_test_operator",
        _ body: (_ relay: DatabaseRelay, _ url: String) throws -> Output
    ) throws -> Output {
        let found = try rows(
            """
            SELECT trim(split_part(current_setting('unix_socket_directories'), ',', 1)) AS directory,
                   current_setting('port') AS port, current_database()::text AS name
            """
        )
        let row = found[0]
        let directory: String = try row["directory"]
        let port: String = try row["port"]
        let name: String = try row["name"]
        let relay = DatabaseRelay(to: "\(directory)/.s.PGSQL.\(port)")
        defer { relay.end() }
        return try body(
            relay,
            "host=127.0.0.1 port=\(relay.port) user=\(role) dbname=\(name) sslmode=disable"
        )
    }
}
