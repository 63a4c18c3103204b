internal import Base

/// The content codings (RFC 9110, section 8.4) of a response that a client decodes.
public struct ContentDecoding: Sendable {
    /// Makes a decoder for the value of `Content-Encoding`; nil for codings that are not decoded.
    let decoder: @Sendable (_ codings: String) -> ContentDecoder?

    /// Decodes nothing.
    public static var none: ContentDecoding { ContentDecoding { _ in nil } }

    /// Decodes `gzip` and `deflate`.
    ///
    /// Programs that do not use it do not contain the decoder either.
    public static var gzipAndDeflate: ContentDecoding {
        ContentDecoding { codings in
            let names = codings.lowercasedASCII.split { $0 == "," || $0 == " " || $0 == "\t" }
                .filter { $0 != "identity" }
            // Nobody compresses twice.
            guard names.count == 1 else { return nil }
            switch names[0] {
            case "gzip", "x-gzip": return ContentDecoder(CompressedContent(.gzip))
            case "deflate": return ContentDecoder(CompressedContent(.deflate))
            default: return nil
            }
        }
    }
}

/// A decoder for one response.
struct ContentDecoder {
    private let content: () -> CompressedContent
    private let take: (inout ArraySlice<UInt8>) -> [UInt8]?

    init(_ content: CompressedContent) {
        let box = Box(content)
        self.content = { box.content }
        take = { box.content.next(&$0) }
    }

    /// Decodes a part of the bytes.
    ///
    /// - Parameter bytes: The next bytes; those that were decoded are removed.
    /// - Returns: Some decoded bytes, which are bounded; none when more bytes are needed; nil for invalid bytes.
    func next(_ bytes: inout ArraySlice<UInt8>) -> [UInt8]? { take(&bytes) }

    /// Why the bytes are invalid; nil if they are not.
    var fault: String? { content().fault }

    /// Why the content is incomplete; nil if it has ended.
    var faultAtEnd: String? { content().hasEnded ? nil : "the compressed content has no end" }

    private final class Box {
        var content: CompressedContent

        init(_ content: CompressedContent) {
            self.content = content
        }
    }
}
