internal import CPostgres
internal import Glibc

extension ConnectionString {
    /// The options of a connection string.
    struct Options {
        private var entries: [Entry] = []

        /// Whether a remote host gets `sslmode=require`, because `sslmode` is not configured.
        private var encryptsRemote = false

        private struct Entry {
            let keyword: String
            let value: String
        }

        init(parsing text: String) throws(PostgresError) {
            guard !text.utf8.contains(0) else { throw Self.invalid("contains a NUL") }
            // libpq's error message is dropped, because it may repeat the text with the password.
            guard let parsed = PQconninfoParse(text, nil) else {
                throw Self.invalid("is neither a URI nor key=value pairs that libpq knows")
            }
            defer { PQconninfoFree(parsed) }
            var option = parsed
            while let keyword = option.pointee.keyword {
                if let value = option.pointee.val, value.pointee != 0 {
                    entries.append(Entry(keyword: String(cString: keyword), value: String(cString: value)))
                }
                option += 1
            }
            try check()
        }

        subscript(_ keyword: String) -> String? {
            get { entries.first { $0.keyword == keyword }?.value }
            set {
                entries.removeAll { $0.keyword == keyword }
                if let newValue { entries.append(Entry(keyword: keyword, value: newValue)) }
            }
        }

        static func invalid(_ problem: String) -> PostgresError {
            PostgresError(.configuration, message: "the connection string \(problem)")
        }
    }
}

extension ConnectionString.Options {
    /// Rejects the results of a password that contains an unescaped `@`, `/` or `:`.
    ///
    /// Otherwise a part of the password could appear later in an error about a host, a port or a database.
    func check() throws(PostgresError) {
        for host in list("host") + list("hostaddr") where !host.isPlausibleHost {
            throw Self.invalid("has an impossible host; escape special characters in the password as %40 and so on")
        }
        for port in list("port") where !port.isEmpty && UInt16(port) == nil {
            throw Self.invalid("has an impossible port; escape special characters in the password as %3A and so on")
        }
        if let name = self["dbname"], name.utf8.contains(UInt8(ascii: "@")) {
            throw Self.invalid("has an @ in the database's name; escape special characters in the password")
        }
    }

    /// Removes `connect_timeout` and returns it in nanoseconds, because libpq does not apply it when the caller polls.
    mutating func takeTimeout() throws(PostgresError) -> UInt64? {
        guard let text = self["connect_timeout"] else { return nil }
        guard let seconds = Int32(text) else { throw Self.invalid("has a connect_timeout that is no whole number") }
        self["connect_timeout"] = nil
        return seconds > 0 ? UInt64(seconds) * 1_000_000_000 : nil
    }

    mutating func setDefaults(environment: (String) -> String?) {
        self["client_encoding"] = "UTF8"
        self["fallback_application_name"] = self["fallback_application_name"] ?? "nofx"
        // A search for Kerberos tickets takes longer than the query of a cold process.
        if self["gssencmode"] == nil, environment("PGGSSENCMODE") == nil { self["gssencmode"] = "disable" }
        // If no password file is named, libpq searches for the home directory, also in the user database.
        if self["passfile"] == nil, environment("PGPASSFILE") == nil { self["passfile"] = "/nonexistent/pgpass" }
        setenv("HOME", "/nonexistent", 0)
        for (keyword, variable) in [("host", "PGHOST"), ("hostaddr", "PGHOSTADDR"), ("port", "PGPORT")]
        where self[keyword] == nil {
            self[keyword] = environment(variable)
        }
        encryptsRemote =
            !["sslmode", "service"].contains { self[$0] != nil }
            && !["PGSSLMODE", "PGSERVICE"].contains { environment($0) != nil }
        if let bundle = CertificateBundle.needed(for: self, environment: environment) {
            self["sslrootcert"] = bundle
        }
    }

    /// Whether a host is given by a name that needs resolution.
    var namesHosts: Bool {
        self["hostaddr"] == nil && list("host").contains { !$0.isSocketDirectory && !$0.isAddress }
    }

    /// One keyword list for each host, in the given order.
    ///
    /// For `prefer-standby` the list contains the hosts twice: first restricted to standbys, then unrestricted.
    func attempts() throws(PostgresError) -> [KeywordList] {
        guard self["target_session_attrs"] == "prefer-standby" else { return try hosts() }
        var standby = self
        standby["target_session_attrs"] = "standby"
        var any = self
        any["target_session_attrs"] = "any"
        return try standby.hosts() + any.hosts()
    }

    private func hosts() throws(PostgresError) -> [KeywordList] {
        let hosts = list("host")
        let addresses = list("hostaddr")
        let ports = list("port")
        let count = max(hosts.count, addresses.count, 1)
        guard [0, count].contains(hosts.count), [0, count].contains(addresses.count),
            [0, 1, count].contains(ports.count)
        else { throw Self.invalid("has lists of hosts, addresses and ports of different lengths") }
        var common = KeywordList()
        for entry in entries where !["host", "hostaddr", "port"].contains(entry.keyword) {
            common.append(entry.keyword, entry.value)
        }
        return (0..<count).map { index in
            var attempt = common
            if !hosts.isEmpty { attempt.append("host", hosts[index]) }
            if !addresses.isEmpty { attempt.append("hostaddr", addresses[index]) }
            if !ports.isEmpty { attempt.append("port", ports[ports.count == 1 ? 0 : index]) }
            // libpq's default, `prefer`, sends everything in clear text if the server declines TLS.
            let place = addresses.isEmpty ? hosts.isEmpty ? nil : hosts[index] : addresses[index]
            if encryptsRemote, let place, !place.isLocal { attempt.append("sslmode", "require") }
            return attempt
        }
    }

    private func list(_ keyword: String) -> [String] {
        guard let value = self[keyword] else { return [] }
        // Most values contain no comma, and a cold process saves the time for splitting them.
        guard value.utf8.contains(UInt8(ascii: ",")) else { return [value] }
        return value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
}

extension String {
    /// Whether this is a path or, with a leading `@`, a name in Linux's abstract socket namespace.
    fileprivate var isSocketDirectory: Bool {
        utf8.first == UInt8(ascii: "/") || utf8.first == UInt8(ascii: "@")
    }

    /// Whether this is an IPv4 or IPv6 address, which needs no resolution.
    fileprivate var isAddress: Bool {
        utf8.contains(UInt8(ascii: ":"))
            || utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".") }
    }

    /// Whether this names the local machine: a unix socket, or a loopback address (RFC 1122, RFC 4291).
    fileprivate var isLocal: Bool {
        isSocketDirectory || lowercased() == "localhost" || self == "::1" || isAddress && hasPrefix("127.")
    }

    /// Whether this can be a host name, an address, or the directory of a unix socket.
    fileprivate var isPlausibleHost: Bool {
        isSocketDirectory
            || utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: ":"), UInt8(ascii: "%"):
                    true
                default: false
                }
            }
    }
}
