import Base
import Runs

extension SecretStore {
    /// Reads `NOFX_SECRETS`.
    ///
    /// - Throws: `ConfigurationError`, which says where it is wrong and shows no value.
    static func read(_ text: String) throws(ConfigurationError) -> [UUID: [String: [String: Secret]]] {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONDocument(parsing: Array(text.utf8)).root
        } catch {
            throw failure("must be a JSON object, but \(error)")
        }
        guard root.kind == .object else { throw failure("must be a JSON object") }
        var teams: [UUID: [String: [String: Secret]]] = [:]
        for (key, value) in root.members {
            guard let team = UUID(key), teams[team] == nil else {
                throw failure("must have teams' identifiers for keys, each once")
            }
            teams[team] = try scopes(value)
        }
        return teams
    }

    private static func scopes(_ value: JSONValue) throws(ConfigurationError) -> [String: [String: Secret]] {
        guard value.kind == .object else { throw failure("must have an object of scopes for each team") }
        var scopes: [String: [String: Secret]] = [:]
        for (key, value) in value.members {
            guard let scope = SecretsScope(rawValue: key) else {
                throw failure("must have scopes named by \(SecretsScope.rule)")
            }
            scopes[scope.rawValue] = try secrets(value)
        }
        return scopes
    }

    private static func secrets(_ value: JSONValue) throws(ConfigurationError) -> [String: Secret] {
        guard value.kind == .object else { throw failure("must have an object of secrets for each scope") }
        var secrets: [String: Secret] = [:]
        for (key, value) in value.members {
            guard let name = SecretName(rawValue: key) else {
                throw failure("must have secrets named by letters, digits and _, at most 128")
            }
            guard let text = value.string, (1...Self.limit).contains(text.utf8.count) else {
                throw failure("must have a string of 1 to \(Self.limit) bytes for each secret")
            }
            secrets[name.rawValue] = Secret(text)
        }
        return secrets
    }

    private static func failure(_ rule: String) -> ConfigurationError {
        ConfigurationError("NOFX_SECRETS", rule)
    }
}
