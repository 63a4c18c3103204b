import Base
import HTTPClient
import System

/// Where and how spans are exported, from the variables of the OpenTelemetry specification.
struct ExportSettings: Sendable {
    /// The URL that takes spans (OTLP/HTTP).
    let url: String

    /// Header fields of the requests, which may be credentials.
    let headers: [(name: String, value: String)]

    /// How long a call waits for its spans to be exported, and how long an export may take.
    let budget: Duration

    /// What verifies the server.
    let authorities: CertificateAuthorities

    /// What the spans say of the process.
    let resource: [(name: String, value: Span.Value)]

    let sampler: Sampler

    /// Reads the settings.
    ///
    /// - Returns: Nil if no spans are to be exported.
    /// - Throws: `ConfigurationError` for a variable that cannot be used.
    init?(_ environment: Environment) throws(ConfigurationError) {
        let base = environment["OTEL_EXPORTER_OTLP_ENDPOINT"]
        guard let url = environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] ?? base.map(Self.tracesURL),
            environment["OTEL_SDK_DISABLED"]?.lowercasedASCII != "true",
            environment["OTEL_TRACES_EXPORTER"].map({ $0.split(separator: ",").contains("otlp") }) ?? true
        else { return nil }
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            ["http://", "https://"].contains(where: { url.lowercasedASCII.utf8.starts(with: $0.utf8) })
        else { throw ConfigurationError("OTEL_EXPORTER_OTLP_ENDPOINT", "must begin with http:// or https://") }
        self.url = url
        let format =
            environment["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] ?? environment["OTEL_EXPORTER_OTLP_PROTOCOL"]
            ?? "http/json"
        guard format.utf8.starts(with: "http/".utf8) else {
            throw ConfigurationError("OTEL_EXPORTER_OTLP_PROTOCOL", "must be http/json or http/protobuf")
        }
        headers = try Self.pairs(
            environment["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] ?? environment["OTEL_EXPORTER_OTLP_HEADERS"],
            of: "OTEL_EXPORTER_OTLP_HEADERS"
        )
        let limit = environment["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"] ?? environment["OTEL_EXPORTER_OTLP_TIMEOUT"]
        guard let milliseconds = Int(limit ?? "500"), (1...60_000).contains(milliseconds) else {
            throw ConfigurationError("OTEL_EXPORTER_OTLP_TIMEOUT", "must be a whole number from 1 to 60000")
        }
        budget = .milliseconds(milliseconds)
        let certificate =
            environment["OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE"] ?? environment["OTEL_EXPORTER_OTLP_CERTIFICATE"]
        authorities = certificate.map { .file($0) } ?? .system
        var resource = try Self.pairs(environment["OTEL_RESOURCE_ATTRIBUTES"], of: "OTEL_RESOURCE_ATTRIBUTES")
        let named = resource.first { $0.name == "service.name" }?.value
        resource.removeAll { ["service.name", "service.version"].contains($0.name) }
        resource.append(("service.name", environment["OTEL_SERVICE_NAME"] ?? named ?? "nofx"))
        resource.append(("service.version", Version.product))
        self.resource = resource.map { ($0.name, .text($0.value)) }
        let name = environment["OTEL_TRACES_SAMPLER"] ?? "parentbased_always_on"
        guard let sampler = Sampler(named: name, argument: environment["OTEL_TRACES_SAMPLER_ARG"]) else {
            throw ConfigurationError(
                "OTEL_TRACES_SAMPLER",
                "must be always_on, always_off or traceidratio, with or without parentbased_ before it, and "
                    + "OTEL_TRACES_SAMPLER_ARG a number from 0 to 1"
            )
        }
        self.sampler = sampler
    }

    /// The URL for spans below a base URL.
    private static func tracesURL(_ base: String) -> String {
        base.utf8.last == UInt8(ascii: "/") ? "\(base)v1/traces" : "\(base)/v1/traces"
    }

    /// Reads `name=value,name=value`, with percent-encoded values.
    private static func pairs(
        _ text: String?,
        of variable: String
    ) throws(ConfigurationError) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for pair in text?.split(separator: ",") ?? [] {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let value = PercentEncoding.decode(parts[1].trimmingBlanks.utf8),
                case let name = parts[0].trimmingBlanks, !name.isEmpty,
                let text = String(validating: value, as: UTF8.self)
            else { throw ConfigurationError(variable, "must be name=value pairs with commas between them") }
            pairs.append((name, text))
        }
        return pairs
    }
}
