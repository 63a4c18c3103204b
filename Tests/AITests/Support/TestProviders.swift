import AI
import Base
import Testing

@testable import HTTPClient

/// The providers of the tests.
enum TestProviders {
    static func anthropic(_ url: String = "https://api.anthropic.com", key: String? = "sk-ant-1") throws -> Provider {
        try make(Providers.anthropicName, .anthropicMessages, url, key)
    }

    static func chat(_ url: String = "https://api.openai.com/v1", key: String? = "sk-1") throws -> Provider {
        try make(Providers.openAIName, .openAIChat, url, key)
    }

    static func responses(_ url: String = "https://api.openai.com/v1", key: String? = "sk-1") throws -> Provider {
        try make(Providers.openAIName, .openAIResponses, url, key)
    }

    static func of(_ format: WireFormatName) throws -> Provider {
        switch format {
        case .anthropicMessages: try anthropic()
        case .openAIChat: try chat()
        case .openAIResponses: try responses()
        }
    }

    private static func make(
        _ name: String,
        _ format: WireFormatName,
        _ url: String,
        _ key: String?
    ) throws -> Provider {
        var provider = Provider(
            name: name,
            wireFormat: format,
            baseURL: try BaseURL(url),
            keys: key.map { [ProviderKey(Secret($0))] } ?? []
        )
        provider.defaultModel = "test-model"
        return provider
    }
}

extension HTTPResponse {
    init(_ status: Int, _ headers: [(name: String, value: String)] = [], _ body: String) {
        self.init(HTTPHead(status: status, headers: headers), body: Array(body.utf8))
    }
}

extension Provider {
    /// The request with the provider's first key.
    func request(_ request: CompletionRequest, isStreamed: Bool = false) throws(AIError) -> HTTPRequest {
        try self.request(request, with: keys.first, isStreamed: isStreamed)
    }

    /// Decodes a body with status 200.
    func read(_ body: String, _ headers: [(name: String, value: String)] = []) throws(AIError) -> Completion {
        try completion(from: HTTPResponse(200, headers, body))
    }

    /// The error of a decoded response; nil if it decodes without an error.
    func error(_ status: Int, _ headers: [(name: String, value: String)] = [], _ body: String = "") -> AIError? {
        failure { () throws(AIError) in try completion(from: HTTPResponse(status, headers, body)) }
    }
}

/// The error that the body throws; nil if it throws none.
func failure<Output>(of body: () throws(AIError) -> Output) -> AIError? {
    do throws(AIError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

/// Gives events to a stream.
///
/// - Returns: The pieces of text that are not empty.
func feed(_ events: some Sequence<String>, to stream: inout CompletionStream) throws(AIError) -> [String] {
    var texts: [String] = []
    for event in events { texts.append(try stream.take(event: nil, data: Array(event.utf8))) }
    return texts.filter { !$0.isEmpty }
}
