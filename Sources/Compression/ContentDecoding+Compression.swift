internal import Base
public import HTTPClient

extension ContentDecoding {
    /// Decodes `gzip` and `deflate`.
    public static var gzipAndDeflate: ContentDecoding {
        ContentDecoding { codings in
            let names = codings.lowercasedASCII.split { $0 == "," || $0 == " " || $0 == "\t" }
                .filter { $0 != "identity" }
            // Servers do not compress twice.
            guard names.count == 1 else { return nil }
            switch names[0] {
            case "gzip", "x-gzip": return ContentDecoder(CompressedContent(.gzip))
            case "deflate": return ContentDecoder(CompressedContent(.deflate))
            default: return nil
            }
        }
    }
}

extension ContentDecoder {
    fileprivate init(_ content: CompressedContent) {
        let box = Box(content)
        self.init(
            next: { box.content.next(&$0) },
            fault: { isAtEnd in
                if let fault = box.content.fault { return fault }
                return isAtEnd && !box.content.hasEnded ? "the compressed content has no end" : nil
            }
        )
    }

    private final class Box {
        var content: CompressedContent

        init(_ content: CompressedContent) {
            self.content = content
        }
    }
}
