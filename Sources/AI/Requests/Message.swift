import Base

extension CompletionRequest {
    /// A message of the conversation.
    public struct Message: Sendable, Hashable {
        /// The author of a message.
        public enum Role: String, Sendable, CaseIterable {
            /// Instructions of the program; they come before all other messages.
            case system
            case user, assistant
        }

        public var role: Role

        /// The content, in order.
        public var parts: [Part]

        /// Makes a message with a text.
        public init(_ role: Role, _ text: String) {
            self.init(role, [Part(.text(text))])
        }

        /// Makes a message.
        public init(_ role: Role, _ parts: [Part]) {
            self.role = role
            self.parts = parts
        }

        /// The texts of the message; paragraphs of their own where there are several.
        public var text: String { parts.compactMap(\.text).joined(separator: "\n\n") }
    }

    /// A part of a message.
    public struct Part: Sendable, Hashable {
        /// The content of a part.
        public enum Content: Sendable, Hashable {
            case text(String)
            case file(File)
        }

        public var content: Content

        /// How long the provider should keep the prompt up to the end of this part in its cache; nil for its default.
        public var cache: CacheLifetime?

        /// Makes a part.
        public init(_ content: Content, cache: CacheLifetime? = nil) {
            self.content = content
            self.cache = cache
        }

        /// The text; nil for a file.
        var text: String? {
            if case .text(let text) = content { text } else { nil }
        }

        /// The file; nil for a text.
        var file: File? {
            if case .file(let file) = content { file } else { nil }
        }
    }

    /// How long a provider keeps a prompt in its cache.
    public enum CacheLifetime: String, Sendable, CaseIterable {
        case fiveMinutes = "5m"
        case oneHour = "1h"
    }

    /// An image or a document that the model reads.
    public struct File: Sendable, Hashable {
        /// What the file is.
        public enum Kind: String, Sendable, CaseIterable {
            case image, document
        }

        /// Where the file is.
        public enum Source: Sendable, Hashable {
            /// The provider fetches it from there.
            case url(String)

            /// Its content in base64, and its media type.
            case data(base64: String, mediaType: String)
        }

        public let kind: Kind
        public let source: Source

        /// The name of a document; nil for none.
        public let name: String?

        /// Makes a file.
        public init(_ kind: Kind, _ source: Source, name: String? = nil) {
            self.kind = kind
            self.source = source
            self.name = name
        }

        /// The address of the file; a `data` URL if the content is here.
        var url: String {
            switch source {
            case .url(let url): url
            case .data(let base64, let mediaType): "data:\(mediaType);base64,\(base64)"
            }
        }
    }
}

extension CompletionRequest {
    /// The longest prefix of messages with the program's instructions, and the rest.
    var parted: (instructions: [Message], conversation: [Message]) {
        let count = messages.prefix { $0.role == .system }.count
        return (Array(messages[..<count]), Array(messages[count...]))
    }

    /// Why no provider would accept the messages; nil if they are valid.
    var messageFault: String? {
        let (instructions, conversation) = parted
        if conversation.isEmpty { return "the request has no messages" }
        if conversation.contains(where: { $0.role == .system }) { return "a system message comes after another one" }
        if messages.contains(where: \.parts.isEmpty) { return "a message has no content" }
        let others = instructions + conversation.filter { $0.role == .assistant }
        if others.contains(where: { $0.parts.contains { $0.file != nil } }) {
            return "only messages of the user can have images and documents"
        }
        return nil
    }

    /// Whether any part is to be cached.
    var isCached: Bool { messages.contains { $0.parts.contains { $0.cache != nil } } }

    /// The size of the messages as far as it can be estimated, in bytes of text.
    var messageBytes: Int { messages.reduce(0) { $0 + $1.parts.reduce(0) { $0 + $1.estimatedBytes } } }
}

extension CompletionRequest.Part {
    /// The length of a text with about as many tokens.
    fileprivate var estimatedBytes: Int {
        switch content {
        case .text(let text): text.utf8.count
        case .file(let file):
            switch (file.kind, file.source) {
            // No provider counts an image as more than some 2,000 tokens by default.
            case (.image, _): 6_000
            // A page has 50 KB or more, and up to 3,000 tokens.
            case (.document, .data(let base64, _)): max(9_000, base64.utf8.count / 6)
            case (.document, .url): 90_000
            }
        }
    }
}
