import Base

/// The command line options.
struct Options {
    let subject: String
    let email: EmailAddress?
    let scopes: [String]
    let lifetime: Duration

    /// Parses arguments: names, each followed by its value.
    init(_ arguments: [String]) throws(Failure) {
        let values = try Self.values(of: ["--subject", "--email", "--scope", "--lifetime"], in: arguments)
        guard let subject = values["--subject"] else { throw .usage("--subject is required") }
        self.subject = subject
        email = try values["--email"].map { (text) throws(Failure) in
            guard let email = EmailAddress(text) else { throw .usage("--email: not an e-mail address") }
            return email
        }
        scopes = (values["--scope"] ?? "").split(separator: " ").map(String.init)
        guard let seconds = Int32(values["--lifetime"] ?? "3600") else {
            throw .usage("--lifetime: not a number of seconds")
        }
        lifetime = .seconds(seconds)
    }

    private static func values(of names: [String], in arguments: [String]) throws(Failure) -> [String: String] {
        var values: [String: String] = [:]
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard names.contains(name) else { throw .usage("unknown argument") }
            guard let value = rest.popFirst() else { throw .usage("\(name) needs a value") }
            guard values.updateValue(value, forKey: name) == nil else { throw .usage("\(name) is there twice") }
        }
        return values
    }
}
