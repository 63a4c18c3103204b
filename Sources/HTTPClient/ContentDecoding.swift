/// The content codings (RFC 9110, section 8.4) of a response that a client decodes.
///
/// The module `Compression` has decoders. Programs that decode nothing do not contain it.
public struct ContentDecoding: Sendable {
    /// Makes a decoder for the value of `Content-Encoding`; nil for codings that are not decoded.
    let decoder: @Sendable (_ codings: String) -> ContentDecoder?

    /// Decodes nothing.
    public static var none: ContentDecoding { ContentDecoding { _ in nil } }

    /// Makes codings.
    ///
    /// - Parameter decoder: Makes a decoder for the value of `Content-Encoding`; nil for codings that are not decoded.
    package init(_ decoder: @escaping @Sendable (_ codings: String) -> ContentDecoder?) {
        self.decoder = decoder
    }
}

/// A decoder for one response.
package struct ContentDecoder {
    private let take: (inout ArraySlice<UInt8>) -> [UInt8]?
    private let findFault: (_ isAtEnd: Bool) -> String?

    /// Makes a decoder.
    ///
    /// - Parameters:
    ///   - next: Decodes a part of the bytes and removes it. It returns some decoded bytes, which are bounded; none when
    ///     more bytes are needed; nil for invalid bytes.
    ///   - fault: Returns why the bytes are invalid, or incomplete at their end; nil if they are not.
    package init(
        next: @escaping (inout ArraySlice<UInt8>) -> [UInt8]?,
        fault: @escaping (_ isAtEnd: Bool) -> String?
    ) {
        take = next
        findFault = fault
    }

    func next(_ bytes: inout ArraySlice<UInt8>) -> [UInt8]? { take(&bytes) }

    /// Why the bytes are invalid; nil if they are not.
    var fault: String? { findFault(false) }

    /// Why the content is invalid or incomplete; nil if it has ended.
    var faultAtEnd: String? { findFault(true) }
}
