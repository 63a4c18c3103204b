import System
import TestSupport
import Testing

/// Lines of a pipe, of any length.
struct LineReaderTests {
    /// What a reader returns for bytes that are followed by the end of the input.
    private func lines(_ bytes: [UInt8], limit: Int = 10) throws -> [LineReader.Line] {
        let pipe = try FileDescriptor.pipe()
        let writer = TestThread {
            try? pipe.writing.write(bytes)
            pipe.writing.close()
        }
        var reader = LineReader(pipe.reading)
        var lines: [LineReader.Line] = []
        repeat { lines.append(try reader.next(limit: limit)) } while lines.last != .end
        writer.join()
        pipe.reading.close()
        return lines
    }

    @Test func `each line is returned once, and what is cut off is discarded`() throws {
        #expect(
            try lines(Array("a\n\nbc\r\nrest".utf8)) == [.line([0x61]), .line([]), .line([0x62, 0x63, 0x0D]), .end]
        )
        #expect(try lines([]) == [.end])
    }

    @Test(arguments: [11, 4_096, 4_097, 1 << 20])
    func `a line that is too long is read to its end`(count: Int) throws {
        let long = [UInt8](repeating: 0x78, count: count)
        #expect(try lines(long + Array("\nok\n".utf8)) == [.tooLong, .line(Array("ok".utf8)), .end])
        #expect(try lines(long) == [.end])
        #expect(try lines(long + Array("\nok\n".utf8), limit: count) == [.line(long), .line(Array("ok".utf8)), .end])
    }
}
