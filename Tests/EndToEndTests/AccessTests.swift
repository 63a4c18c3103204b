import System
import TestSupport
import Testing

/// Every endpoint with every kind of credential, against the table in `access.txt`.
///
/// `NOFX_UPDATE_ACCESS=1 scripts/test --filter AccessTests` rewrites the table.
struct AccessTests {
    /// Inputs of endpoints that name something in the cell's team.
    private static let inputs: [String: String] = [
        "acceptInvite": #"{"token":"nofxi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
        "chatCompletions": #"{"teamId":"TEAM","model":"m","messages":[{"role":"user","content":"Hello."}]}"#,
        "setAiLimits": #"{"teamId":"TEAM","limits":[]}"#, "aiHealth": "{}", "createTeam": #"{"name":"Own"}"#,
        "createApiKey": #"{"teamId":"TEAM","name":"TEAM","scopes":["read"]}"#,
        "listApiKeys": "{}", "listTeams": "{}", "queueStats": "{}", "redriveDeadLetters": "{}",
        "resetBreaker": #"{"all":true}"#, "revokeApiKey": #"{"keyId":"KEY"}"#,
        "setAiBudget": #"{"teamId":"TEAM","dailyUsd":"1"}"#, "setToolPolicy": #"{"teamId":"TEAM","tools":null}"#,
        "deleteWebhook": #"{"teamId":"TEAM","webhookId":"WEBHOOK"}"#,
        "getArtifact": #"{"teamId":"TEAM","runId":"RUN","step":"build","name":"notes.txt"}"#,
        "startRun":
            #"{"teamId":"TEAM","plan":{"goal":"g","steps":[{"name":"a","tool":"artifact:write","inputs":{"name":"a.txt","content":"a"}}]}}"#,
        "previewRun":
            #"{"teamId":"TEAM","plan":{"goal":"g","steps":[{"name":"a","tool":"artifact:write","inputs":{"name":"a.txt","content":"a"}}]}}"#,
        "createOperatorKey": #"{"operator":"ada","name":"TEAM"}"#,
        "deliverOutbox": "{}", "migrate": "{}", "purge": "{}", "runWorker": "{}",
    ]

    /// The inputs by endpoint, in order.
    private static func rows() throws -> [(function: String, input: String)] {
        var all = inputs
        for (function, more) in StrangerTests.teamInputs where all[function] == nil {
            all[function] = #"{"teamId":"TEAM"\#(more)}"#
        }
        all["listDeadLetters"] = #"{"teamId":"TEAM"}"#
        return try Endpoints.all.map { function in (function, try #require(all[function], "no input of \(function)")) }
    }

    @Test func `each endpoint answers each credential as the table says`() throws {
        let scene = try AccessScene()
        let rows = try Self.rows()
        let columns = Holder.all.indices
        let shares = try runConcurrently(4) { number, _ in
            try stride(from: number, to: rows.count, by: 4).map { row in
                try (row, columns.map { try scene.answer(rows[row].function, rows[row].input, column: $0) })
            }
        }
        let answers = Dictionary(uniqueKeysWithValues: shares.joined())
        let found = rows.indices.map { Self.block(rows[$0].function, answers[$0] ?? []) }
        let isUpdate = Environment.current()["NOFX_UPDATE_ACCESS"] == "1"
        let path = "\(#filePath.split(separator: "/").dropLast().joined(separator: "/"))"
        if isUpdate {
            _ = try Subprocess("tee", ["/\(path)/access.txt"], environment: ["PATH": "/usr/bin:/bin"])
                .finish(Array(found.joined(separator: "\n").utf8))
        }
        let table = try Subprocess("cat", ["/\(path)/access.txt"], environment: ["PATH": "/usr/bin:/bin"]).finish()
            .output
        let expected = table.split(separator: "\n\n").map { $0.hasSuffix("\n") ? String($0) : "\($0)\n" }
        #expect(expected.count == found.count)
        for block in found { #expect(expected.contains(block), "access.txt does not have:\n\(block)") }
    }

    /// An endpoint, and for each answer the credentials that got it.
    private static func block(_ function: String, _ answers: [String]) -> String {
        var lines = ["\(function)"]
        for answer in Set(answers).sorted() {
            let holders = zip(Holder.all, answers).filter { $1 == answer }.map(\.0.name)
            lines.append("  \(answer): \(holders.joined(separator: ", "))")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
