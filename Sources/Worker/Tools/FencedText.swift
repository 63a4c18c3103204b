/// A text that may be one fenced block of Markdown and nothing else, as models like to answer.
enum FencedText {
    private struct Fence {
        let mark: UInt8
        let length: Int
        let hasInfo: Bool

        /// Reads a line that is a fence (CommonMark, section 4.5); nil for every other.
        init?(_ line: some BidirectionalCollection<UInt8>) {
            let text = line.drop { $0 == 0x20 }
            guard let mark = text.first, mark == UInt8(ascii: "`") || mark == UInt8(ascii: "~") else { return nil }
            let length = text.prefix { $0 == mark }.count
            let info = text.dropFirst(length).filter { !$0.isWhiteSpace }
            guard length >= 3, !(mark == UInt8(ascii: "`") && info.contains(mark)) else { return nil }
            self.mark = mark
            self.length = length
            hasInfo = !info.isEmpty
        }

        func closes(_ other: Fence) -> Bool { !hasInfo && mark == other.mark && length >= other.length }
    }

    /// What is inside of the block, to the last byte; the text as it is if it is no such block.
    ///
    /// Blocks within the block are part of it, also where models do not give it a longer fence, as they should.
    static func unwrap(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard let start = bytes.firstIndex(where: { !$0.isWhiteSpace }),
            let last = bytes.lastIndex(where: { !$0.isWhiteSpace }),
            let lineEnd = bytes[start...last].firstIndex(of: 0x0A), let opening = Fence(bytes[start..<lineEnd])
        else { return text }
        let content = bytes[(lineEnd + 1)...last]
        let lines = content.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard let end = lines.last, Fence(end)?.closes(opening) == true else { return text }
        var open = [opening]
        for line in lines.dropLast() {
            guard let fence = Fence(line), let current = open.last else { continue }
            if fence.closes(current) { open.removeLast() } else if fence.hasInfo { open.append(fence) }
            if open.isEmpty { return text }
        }
        guard open.count == 1 else { return text }
        return String(decoding: content[..<end.startIndex], as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var isWhiteSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
