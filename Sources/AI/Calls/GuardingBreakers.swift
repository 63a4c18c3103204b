import Base
import Cryptography
import Reliability

/// The circuit breakers that guard a call, from the widest to the narrowest.
///
/// `openai` is the provider: its host is down. `openai@1a2b3c4d` is one key, named by its fingerprint: its account has no
/// money, or the provider refuses it. `openai/gpt-6` is one model. If a provider has several keys,
/// `openai@1a2b3c4d/gpt-6` is the rate limit of one key for one model; otherwise the model's breaker has the limit.
struct GuardingBreakers {
    let provider: String
    let key: String
    let model: String

    /// The breaker that waits out the rate limits.
    let limit: String

    /// All names, from the widest to the narrowest.
    var names: [String] { limit == model ? [provider, key, model] : [provider, key, model, limit] }

    init(_ provider: Provider, _ key: ProviderKey?, model: String) {
        let name = Self.name(of: model)
        self.provider = provider.name
        self.key = "\(provider.name)@\(key?.fingerprint ?? "none")"
        self.model = "\(provider.name)/\(name)"
        limit = provider.keys.count > 1 ? "\(self.key)/\(name)" : self.model
    }

    /// Whether a breaker belongs to one key, so that another key may have more luck.
    static func isOfKey(_ name: String) -> Bool { name.utf8.contains(UInt8(ascii: "@")) }

    /// Whether a breaker belongs to one model, so that it concerns no other model.
    static func isOfModel(_ name: String) -> Bool { name.utf8.contains(UInt8(ascii: "/")) }

    /// The part of a breaker's name that stands for a model.
    ///
    /// Teams name models. What cannot be part of a breaker's name is replaced, and a hash of the whole name follows, so
    /// that no two models share a breaker.
    private static func name(of model: String) -> String {
        guard !model.isEmpty, model.utf8.count <= 100, model.utf8.allSatisfy(\.isPlain) else {
            let readable = model.utf8.prefix(40).map { $0.isPlain ? $0 : UInt8(ascii: "-") }
            let hash = Hexadecimal.encode(SHA256.digest(Array(model.utf8)).prefix(8))
            return "\(String(decoding: readable, as: UTF8.self))~\(hash)"
        }
        return model
    }
}

extension UInt8 {
    fileprivate var isPlain: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) || "._/:-".utf8.contains(self)
    }
}

extension CallPolicy {
    /// The outcome of an attempt for each of its breakers, in the order of their names.
    func outcomes<Output>(of result: Result<Output, any Error>, at breakers: GuardingBreakers) -> [CircuitOutcome] {
        let changed = changes(by: result, at: breakers)
        return breakers.names.map { changed[$0] ?? .neutral }
    }

    /// The outcomes that are not neutral.
    private func changes<Output>(
        by result: Result<Output, any Error>,
        at breakers: GuardingBreakers
    ) -> [String: CircuitOutcome] {
        let healthy = [breakers.provider: CircuitOutcome.success, breakers.model: .success]
        guard case .failure(let failure) = result else { return healthy }
        guard let error = failure as? AIError else { return [:] }
        let code = error.code.rawValue
        return switch (error.breaker, error.level) {
        case (.success, _): healthy
        case (.neutral, _): [:]
        case (.failure, .model):
            [breakers.provider: .suspicion(error: code, at: breakers.model), breakers.model: .failure(error: code)]
        case (.failure, _): [breakers.provider: .failure(error: code)]
        case (.limited(.quotaExhausted), _):
            [breakers.key: .limited(for: quotaCooldown, reason: .quotaExhausted)]
        case (.limited(.rateLimited), _):
            [breakers.limit: .limited(for: cooldown(after: error), reason: .rateLimited)]
        case (.refused, .model): [breakers.limit: .refused(error: code)]
        case (.refused, _): [breakers.key: .refused(error: code)]
        }
    }
}
