import Glibc

/// A PgBouncer in transaction mode on a loopback port, in front of the test database.
final class TestPooler {
    enum Trouble: Error {
        case notInstalled
        case didNotStart(String)
    }

    let port: UInt16
    private let process: pid_t
    private let folder: String

    /// Starts one that keeps at most `servers` connections to the server.
    init(to location: Location, servers: Int) throws {
        let places: [String] = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"]
        let program = places.first { access($0, X_OK) == 0 }
        guard let program else { throw Trouble.notInstalled }
        port = Self.freePort()
        var template = Array("/tmp/pooler-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Trouble.didNotStart("no folder") }
        folder = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        chmod(folder, 0o755)
        // It refuses to run as root, so it becomes someone else then.
        let user = geteuid() == 0 ? "user = nobody" : ""
        let settings = """
            [databases]
            \(location.name) = host=\(location.directory) port=\(location.port) dbname=\(location.name) user=\(location.role)
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = \(servers)
            \(user)

            """
        let file = folder + "/pgbouncer.ini"
        guard let stream = fopen(file, "w") else { throw Trouble.didNotStart("no settings") }
        fputs(settings, stream)
        fclose(stream)
        chmod(file, 0o644)
        process = try Self.start(program, file)
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        unlink(folder + "/pgbouncer.ini")
        rmdir(folder)
    }

    /// Starts it and waits until it says that it is up.
    private static func start(_ program: String, _ file: String) throws -> pid_t {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        defer { posix_spawn_file_actions_destroy(&actions) }
        var process = pid_t()
        let arguments = [strdup(program), strdup(file), nil]
        defer { for argument in arguments { free(argument) } }
        let failure = posix_spawn(&process, program, &actions, nil, arguments, environ)
        close(ends[1])
        guard failure == 0 else { throw Trouble.didNotStart("posix_spawn: \(failure)") }
        var output = ""
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while !output.contains("process up") {
            let count = read(ends[0], &buffer, buffer.count)
            guard count > 0 else {
                waitpid(process, nil, 0)
                throw Trouble.didNotStart(output)
            }
            output += String(decoding: buffer.prefix(count), as: UTF8.self)
        }
        // The other end of its log stays open, or a later line would kill it.
        return process
    }

    private static func freePort() -> UInt16 {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(probe, address, length)
                _ = getsockname(probe, address, &length)
            }
        }
        return UInt16(bigEndian: address.sin_port)
    }
}
