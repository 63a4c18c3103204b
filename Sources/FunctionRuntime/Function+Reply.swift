import Base
import Core

/// A success, as it is answered.
struct Reply {
    /// One JSON value.
    let body: [UInt8]

    /// Whether it is the answer of a call that was made before.
    let isRepeated: Bool
}

extension Function {
    /// Answers one input, and does the work at most once for one key.
    ///
    /// - Parameters:
    ///   - input: What is wanted.
    ///   - key: What the caller calls the call; nil for one that is not to be repeated.
    ///   - context: Who calls, and the database.
    /// - Returns: The answer, of this call or of the one that it repeats.
    /// - Throws: Nothing but what a caller is told about: a `Denial` or a `Problem`.
    static func reply(to input: JSONValue, key: String?, in context: inout Context) throws -> Reply {
        guard let key else { return Reply(body: try respond(to: input, in: &context).jsonBytes, isRepeated: false) }
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
                return Reply(body: output.jsonBytes, isRepeated: false)
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
