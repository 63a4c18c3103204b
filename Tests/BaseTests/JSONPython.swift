import Base
import Glibc

/// Compares the reader with Python's, using one Python process for all documents.
enum JSONPython {
    static var isAvailable: Bool {
        guard let path = getenv("PATH") else { return false }
        return String(cString: path).split(separator: ":").contains { access("\($0)/python3", X_OK) == 0 }
    }

    /// Reads documents with both readers.
    ///
    /// - Returns: A line for each difference, then the numbers of accepted and rejected documents.
    static func compare(_ documents: [[UInt8]]) throws -> [Substring] {
        var template = Array("/tmp/json-XXXXXX\0".utf8).map { CChar(bitPattern: $0) }
        guard mkdtemp(&template) != nil else { throw JSONTestSuiteFiles.Failure(errno) }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            unlink("\(folder)/input")
            unlink("\(folder)/output")
            rmdir(folder)
        }
        try write(documents.map(line).joined(), to: "\(folder)/input")
        let status = try run("\(JSONTestSuiteFiles.folder)/compare.py", from: "\(folder)/input", to: "\(folder)/output")
        let output = String(decoding: try JSONTestSuiteFiles.contents(of: "\(folder)/output"), as: UTF8.self)
        return output.split(separator: "\n") + (status == 0 ? [] : ["exit status \(status)"])
    }

    private static func line(_ document: [UInt8]) -> String {
        let value = try? JSONDocument(parsing: document).root
        return "\(Hexadecimal.encode(document)) \(value.map { Hexadecimal.encode(form($0)) } ?? "-")\n"
    }

    /// A value in the input format of `compare.py`.
    private static func form(_ value: JSONValue) -> [UInt8] {
        var json = JSONWriter()
        write(value, to: &json)
        return json.bytes
    }

    private static func write(_ value: JSONValue, to json: inout JSONWriter) {
        switch value.kind {
        case .null: json.null()
        case .bool: json.bool(value.bool == true)
        case .number: json.string(number(value))
        case .string: json.string("s:" + (value.string ?? "?"))
        case .array: json.array { json in for element in value.elements { write(element, to: &json) } }
        case .object:
            json.object { json in
                for (key, value) in value.members { json.member(key) { write(value, to: &$0) } }
            }
        }
    }

    private static func number(_ value: JSONValue) -> String {
        if let integer = value.integer { return "i:\(integer)" }
        guard let double = value.double else { return "none" }
        let digits = String(double.bitPattern, radix: 16)
        return "d:" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func write(_ text: String, to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw JSONTestSuiteFiles.Failure(errno) }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw JSONTestSuiteFiles.Failure(errno) }
            rest = rest.dropFirst(count)
        }
    }

    private static func run(_ script: String, from input: String, to output: String) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT, 0o600)
        let arguments = [strdup("python3"), strdup(script), nil]
        defer { arguments.forEach { free($0) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, "python3", &actions, nil, arguments, environ)
        guard code == 0 else { throw JSONTestSuiteFiles.Failure(code) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw JSONTestSuiteFiles.Failure(errno) }
        }
        return status
    }
}
