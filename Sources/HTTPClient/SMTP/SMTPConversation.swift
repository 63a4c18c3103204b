/// Tracks the conversation with a mail server, so that a refusal can be assigned to a command.
///
/// libcurl reports the code of the last reply, but not the command to which it belongs.
struct SMTPConversation {
    /// The last command.
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

    /// Whether QUIT was sent.
    ///
    /// Replies after it are ignored.
    private(set) var isOver = false

    /// The part of the message that libcurl has not yet fetched.
    private var rest: ArraySlice<UInt8>

    init(message: [UInt8]) {
        rest = message[...]
    }

    /// Records a line that the client sent.
    mutating func takeCommand(_ line: some Collection<UInt8>) {
        isOver = isOver || line.starts(with: "QUIT".utf8)
        guard !isOver else { return }
        (reply, enhancedStatus) = (0, "")
        let commands: KeyValuePairs<StaticString, Step> = [
            "EHLO ": .hello, "HELO ": .hello, "STARTTLS": .encryption, "AUTH ": .authentication,
            "MAIL FROM:": .sender, "RCPT TO:": .recipient, "DATA\r\n": .message,
        ]
        // A line without a command name continues the current command, such as the steps of an authentication.
        for (name, step) in commands where line.starts(with: name.description.utf8) { self.step = step }
    }

    /// Records a reply line such as `550 5.1.1 No such user`.
    ///
    /// In a reply of several lines, only the last has a space after the code.
    mutating func takeReply(_ line: some Collection<UInt8>) {
        let text = String(decoding: line.prefix(64), as: UTF8.self)
        guard !isOver, let code = Int(text.prefix(3)), (200...599).contains(code) else { return }
        reply = code
        let word = text.dropFirst(4).prefix { !$0.isWhitespace }
        let numbers = word.split(separator: ".", omittingEmptySubsequences: false)
        let isStatus = numbers.count == 3 && numbers.allSatisfy { (1...3).contains($0.utf8.count) && UInt16($0) != nil }
        enhancedStatus = isStatus ? " \(word)" : ""
    }

    /// Returns the next piece of the message.
    mutating func nextPiece(atMost count: Int) -> ArraySlice<UInt8> {
        let piece = rest.prefix(count)
        rest = rest.dropFirst(piece.count)
        return piece
    }

    /// The refusal that the last reply expresses, or nil if that reply is not a refusal.
    var refusal: SMTPError? {
        guard reply >= 400 else { return nil }
        // "Authentication required" (530) is a configuration error, whatever command it follows (RFC 4954, section 6).
        let isPermanent = reply >= 500 && reply != 530 && (step == .recipient || step == .message)
        return SMTPError(isPermanent: isPermanent, "\(step.rawValue) was refused: \(reply)\(enhancedStatus)")
    }
}
