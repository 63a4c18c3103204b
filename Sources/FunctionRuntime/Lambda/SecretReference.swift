import Base
import HTTPClient
import System

/// A value of a variable that names where the secret is: the ARN of a secret in Secrets Manager, or of a parameter in the
/// SSM Parameter Store.
///
/// The format of secrets is that of ECS: after the ARN may follow a member of a JSON secret, a stage and a version, as in
/// `arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME:MEMBER:STAGE:VERSION`.
struct SecretReference: Equatable, Sendable {
    enum Store: String, Sendable {
        case secretsManager = "secretsmanager"
        case parameters = "ssm"
    }

    let store: Store
    let region: String
    let arn: String
    var member: String?
    var stage: String?
    var version: String?

    /// Parses a value of a variable; nil if it is not a reference.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 6, parts[0] == "arn", parts[1].hasPrefix("aws"),
            let store = Store(rawValue: String(parts[2]))
        else { return nil }
        self.store = store
        region = String(parts[3])
        switch store {
        case .parameters:
            guard parts.count == 6, parts[5].hasPrefix("parameter/") else { return nil }
            arn = text
        case .secretsManager:
            guard (7...10).contains(parts.count), parts[5] == "secret" else { return nil }
            arn = parts[0..<7].joined(separator: ":")
            let rest = parts[7...].map { $0.isEmpty ? nil : String($0) }
            member = rest.first ?? nil
            stage = rest.dropFirst().first ?? nil
            version = rest.dropFirst(2).first ?? nil
        }
    }

    /// The call that reads the value.
    var call: AWSCall {
        var json = JSONWriter()
        json.object { json in
            switch store {
            case .secretsManager:
                json.member("SecretId", arn)
                if let stage { json.member("VersionStage", stage) }
                if let version { json.member("VersionId", version) }
            case .parameters:
                json.member("Name", arn)
                json.member("WithDecryption", true)
            }
        }
        let target = store == .parameters ? "AmazonSSM.GetParameter" : "secretsmanager.GetSecretValue"
        return AWSCall(service: store.rawValue, region: region, target: target, body: json.bytes)
    }

    /// The value in the answer of the call, or nil if the answer has none.
    func value(in answer: JSONValue) -> String? {
        switch store {
        case .parameters: return answer["Parameter"]?["Value"]?.string
        case .secretsManager:
            guard let member else { return answer["SecretString"]?.string }
            let secret = answer["SecretString"]?.stringBytes ?? []
            guard let found = try? JSONDocument(parsing: secret).root[member] else { return nil }
            return found.string ?? String(decoding: found.text.bytes, as: UTF8.self)
        }
    }

    /// The address of the service, or the one that a variable of the AWS SDKs names.
    func endpoint(_ environment: Environment) -> String {
        let variable = store == .parameters ? "AWS_ENDPOINT_URL_SSM" : "AWS_ENDPOINT_URL_SECRETS_MANAGER"
        let own = environment[variable] ?? environment["AWS_ENDPOINT_URL"]
        let domain = arn.hasPrefix("arn:aws-cn:") ? "amazonaws.com.cn" : "amazonaws.com"
        let url = own ?? "https://\(store.rawValue).\(region).\(domain)"
        return url.hasSuffix("/") ? String(url.dropLast()) : url
    }
}

/// Replaces references in the environment by the secrets that they name, before anything else reads the variables.
///
/// The configuration of a Lambda function is readable for many; a secret that it names by its ARN is readable for the
/// function's role only. The secrets are read once in the life of a process.
enum SecretReferences {
    /// Less than the ten seconds that Lambda allows for a start.
    private static let patience = Duration.seconds(8)

    /// Replaces the references.
    ///
    /// A variable whose name says that it holds an ARN keeps its value.
    ///
    /// - Throws: The first variable whose secret cannot be read, and the reason. The process must serve no event then: a
    ///   variable that keeps the ARN holds no secret. Lambda starts another process with the next event.
    static func resolve(_ environment: Environment) throws(ConfigurationError) {
        let found = environment.all.compactMap { name, value in
            name.hasSuffix("_ARN") ? nil : SecretReference(value).map { (name: name, reference: $0) }
        }
        guard !found.isEmpty else { return }
        for (name, value) in try values(of: found, environment) { Environment.set(name, value) }
    }

    /// Reads the values, each secret once.
    ///
    /// - Throws: The first variable whose secret cannot be read, and the reason.
    static func values(
        of references: [(name: String, reference: SecretReference)],
        _ environment: Environment
    ) throws(ConfigurationError) -> [(name: String, value: String)] {
        var client = HTTPClient(userAgent: "nofx")
        var answers: [(call: [UInt8], answer: JSONValue)] = []
        var values: [(name: String, value: String)] = []
        let deadline = Deadline.after(patience)
        for (name, reference) in references {
            guard let credentials = AWSCredentials(environment) else {
                throw ConfigurationError(name, "cannot be read from AWS without credentials")
            }
            let call = reference.call
            let answer: JSONValue
            if let known = answers.first(where: { $0.call == call.body }) {
                answer = known.answer
            } else {
                let request = call.request(to: reference.endpoint(environment), credentials)
                answer = try read(request, of: name, with: &client, until: deadline)
                answers.append((call.body, answer))
            }
            guard let value = reference.value(in: answer), !value.utf8.contains(0) else {
                throw ConfigurationError(name, "names a secret without text, or without that member")
            }
            values.append((name, value))
        }
        return values
    }

    /// Sends a request, and again after a failure that can be transient.
    private static func read(
        _ request: HTTPRequest,
        of name: String,
        with client: inout HTTPClient,
        until deadline: Deadline
    ) throws(ConfigurationError) -> JSONValue {
        var failure = ""
        for attempt in 0..<3 {
            if attempt > 0 { SystemClock.sleep(nanoseconds: 200_000_000) }
            do throws(HTTPError) {
                let answer = try client.send(request, deadline: deadline)
                let json = try? JSONDocument(parsing: answer.body).root
                if answer.status == 200, let json { return json }
                // The kind of the error; its message can be long.
                failure = json?["__type"]?.string.flatMap { $0.split(separator: "#").last.map(String.init) } ?? ""
                failure = "AWS answered \(answer.status) \(failure)"
                if answer.status < 500, !failure.contains(text: "Throttling") { break }
            } catch {
                failure = "\(error)"
            }
        }
        throw ConfigurationError(name, "cannot be read from AWS: \(failure)")
    }
}
