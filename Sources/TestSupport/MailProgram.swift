public import Base
import Glibc

/// A script in a temporary folder that takes the place of sendmail.
public struct MailProgram: ~Copyable {
    private let folder: String

    /// The program's path.
    public var path: String { "\(folder)/sendmail" }

    /// Makes a program.
    ///
    /// - Parameter script: The shell script; `$folder` is the program's own folder.
    /// - Throws: ``Failure`` if the program cannot be made.
    public init(_ script: String) throws {
        var name = Array("/tmp/nofx-mail-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&name) != nil else { throw Failure() }
        let folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let text = "#!/bin/sh\nfolder=${0%/*}\n\(script)\n"
        // Another process writes the file. A child process of this one could inherit the open file, which then cannot
        // be run.
        let writing = #"cat > "$1" && chmod 755 "$1""#
        let outcome = try Subprocess(
            "/bin/sh",
            ["-c", writing, "sh", "\(folder)/sendmail"],
            environment: Self.variables
        )
        .finish(Array(text.utf8))
        guard outcome.status == 0 else { throw Failure() }
        self.folder = folder
    }

    deinit {
        let folder = folder
        _ = try? Subprocess("/bin/rm", ["-rf", folder]).finish()
    }

    /// The text of a file that the program wrote; nil if there is no such file.
    public func read(_ name: String) throws -> String? {
        let outcome = try Subprocess("/bin/cat", ["\(folder)/\(name)"]).finish()
        return outcome.status == 0 ? outcome.output : nil
    }

    /// The mails that the program wrote into files named `*.eml`, as `read_mail.py` reads them.
    public func mails() throws -> [JSONValue] {
        let reading = #"cd "$1" && ls *.eml >/dev/null 2>&1 || exit 0; exec python3 "$2" *.eml"#
        let script = PythonServer.path(of: "read_mail.py")
        let outcome = try Subprocess("/bin/sh", ["-c", reading, "sh", folder, script], environment: Self.variables)
            .finish()
        guard outcome.status == 0 else { throw Failure() }
        return try outcome.output.split(separator: "\n").map { try JSONDocument(parsing: Array($0.utf8)).root }
    }

    /// The program could not be made, or its mail cannot be read.
    public struct Failure: Error {}

    private static var variables: [String: String] { ["PATH": "/usr/local/bin:/usr/bin:/bin"] }
}
