/// Follows what is said to a mail server, so that a refusal is known for what it refuses.
///
/// libcurl tells the last reply's code, and not to which command it was the reply.
struct SMTPConversation {
    /// What was sent last.
    private enum Step: String {
        case greeting = "the connection"
        case hello = "the greeting"
        case encryption = "encryption"
        case authentication = "the user or password"
        case sender = "the sender"
        case recipient = "the recipient"
        case message = "the message"
    }

    private var step = Step.greeting
    private var reply = 0
    private var enhancedStatus = ""

    /// Whether goodbye has been said; nothing that comes after it matters.
    private(set) var isOver = false

    /// What of the message libcurl has not fetched yet.
    private var rest: ArraySlice<UInt8>

    init(message: [UInt8]) {
        rest = message[...]
    }

    /// Takes note of a line that was sent.
    mutating func takeCommand(_ line: some Collection<UInt8>) {
        isOver = isOver || line.starts(with: "QUIT".utf8)
        guard !isOver else { return }
        (reply, enhancedStatus) = (0, "")
        let commands: KeyValuePairs<StaticString, Step> = [
            "EHLO ": .hello, "HELO ": .hello, "STARTTLS": .encryption, "AUTH ": .authentication,
            "MAIL FROM:": .sender, "RCPT TO:": .recipient, "DATA\r\n": .message,
        ]
        // Lines without a name go on with what was begun: the parts of an authentication.
        for (name, step) in commands where line.starts(with: name.description.utf8) { self.step = step }
    }

    /// Takes note of a line of a reply: `550 5.1.1 No such user`; the last one of several has a space there.
    mutating func takeReply(_ line: some Collection<UInt8>) {
        let text = String(decoding: line.prefix(64), as: UTF8.self)
        guard !isOver, let code = Int(text.prefix(3)), (200...599).contains(code) else { return }
        reply = code
        let word = text.dropFirst(4).prefix { !$0.isWhitespace }
        let numbers = word.split(separator: ".", omittingEmptySubsequences: false)
        let isStatus = numbers.count == 3 && numbers.allSatisfy { (1...3).contains($0.utf8.count) && UInt16($0) != nil }
        enhancedStatus = isStatus ? " \(word)" : ""
    }

    /// Hands out the next piece of the message.
    mutating func nextPiece(atMost count: Int) -> ArraySlice<UInt8> {
        let piece = rest.prefix(count)
        rest = rest.dropFirst(piece.count)
        return piece
    }

    /// What a refusal was about; nil when the last thing said was not one.
    var refusal: SMTPError? {
        guard reply >= 400 else { return nil }
        // "Authentication required" is about whoever set this up, whatever it comes in reply to (RFC 4954, section 6).
        let isPermanent = reply >= 500 && reply != 530 && (step == .recipient || step == .message)
        return SMTPError(isPermanent: isPermanent, "\(step.rawValue) was refused: \(reply)\(enhancedStatus)")
    }
}
