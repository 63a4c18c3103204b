import Base
import Core

/// A success, as it is answered.
struct Reply {
    /// One JSON value, or a text.
    let body: [UInt8]

    /// What the body is, as `Content-Type` says it.
    var contentType = "application/json"

    /// Whether it is the answer of a call that was made before.
    let isRepeated: Bool
}

extension Function {
    /// Answers one input, and does the work at most once for one key.
    ///
    /// - Parameters:
    ///   - input: What is wanted.
    ///   - key: What the caller calls the call; nil for one that is not to be repeated.
    ///   - accept: Which form of the answer the caller would like.
    ///   - context: Who calls, and the database.
    /// - Returns: The answer, of this call or of the one that it repeats.
    /// - Throws: Nothing but what a caller is told about: a `Denial` or a `Problem`.
    static func reply(
        to input: JSONValue,
        key: String?,
        accept: Accept,
        in context: inout Context
    ) throws -> Reply {
        guard let key else { return Reply(try respond(to: input, in: &context), accept) }
        let call = RepeatableCall(
            name,
            key: key,
            input: input.text,
            team: answersFormerMembers ? nil : input["teamId"]?.string.flatMap(UUID.init)
        )
        return try answering(in: &context) { context in
            context.begin(call)
            do {
                let output = try respond(to: input, in: &context)
                var stored = JSONWriter(hidesSecrets: true)
                output.encode(to: &stored)
                try context.commit(answer: JSONText(trusted: stored.bytes))
                return Reply(output, accept)
            } catch is CallRepeated {
                context.rollBack()
                return Reply(body: try context.answer(of: call).bytes, isRepeated: true)
            } catch {
                context.rollBack()
                throw error
            }
        }
    }
}

extension Reply {
    /// The first answer of a call, as text where there is one and the caller would rather have it.
    fileprivate init<Output: OutputValue>(_ output: Output, _ accept: Accept) {
        guard let output = output as? any TextOutput, let text = Self.text(of: output, accept) else {
            self.init(body: output.jsonBytes, isRepeated: false)
            return
        }
        self = text
    }

    private static func text<Output: TextOutput>(of output: Output, _ accept: Accept) -> Reply? {
        guard accept.prefersText(of: Output.self) else { return nil }
        return Reply(body: Array(output.text.utf8), contentType: Output.textContentType, isRepeated: false)
    }
}
