import Glibc

/// The documents of JSONTestSuite, by name.
enum JSONTestSuiteFiles {
    static let folder = #filePath.prefix(upTo: #filePath.lastIndex(of: "/") ?? #filePath.endIndex) + "/JSONTestSuite"

    /// The names of all documents with a prefix, in order.
    static func names(_ prefix: String) throws -> [String] {
        guard let directory = opendir("\(folder)/test_parsing") else { throw Failure(errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix(prefix) { names.append(name) }
        }
        return names.sorted()
    }

    static func read(_ name: String) throws -> [UInt8] {
        try contents(of: "\(folder)/test_parsing/\(name)")
    }

    static func contents(of path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw Failure(errno) }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw Failure(errno) }
            guard count > 0 else { return contents }
            contents += buffer.prefix(count)
        }
    }

    struct Failure: Error {
        let code: Int32

        init(_ code: Int32) {
            self.code = code
        }
    }
}
