public import Base

/// A plan for who has no more than a prompt.
///
/// It has these steps, and the same ones for the same input:
/// - `codegen` asks a model for what the prompt wants, and keeps the answer as an artifact;
/// - `review-typecheck`, `review-lint`, `review-tests` and `review-audit`, each where its `quality` is wanted, ask a
///   model what it finds in the answer: `ok`, and `findings`. No code is run and nothing fails for what is found; whoever
///   needs a program's word has it check the artifact;
/// - `deploy`, a gate after all of them, where `approval` is true, or absent and the prompt has the word.
public struct StandardPlan: InputObject {
    let prompt: String
    let aspects: [Aspect]
    let filename: ArtifactName
    let needsApproval: Bool

    public static var schema: Schema<StandardPlan> {
        Schema(
            Field("prompt", Prompt.self, "What is wanted."),
            .optional("quality", Quality.self, default: .none, "What a model looks for in the answer."),
            .optional("filename", ArtifactName.self, default: .standard, "What the answer is called as an artifact."),
            .optional(
                "approval",
                Bool.self,
                "Whether a person decides at the end; by default where the prompt says so."
            ),
            into: { prompt, quality, filename, approval in
                StandardPlan(
                    prompt: prompt.text,
                    aspects: quality.aspects,
                    filename: filename,
                    needsApproval: approval ?? prompt.saysApproval
                )
            }
        )
    }

    /// The plan, which is a plan like any other.
    ///
    /// - Throws: Nothing that a valid prompt could bring about.
    func plan() throws(Violations) -> Plan {
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            document = try JSONDocument(parsing: json)
        } catch {
            throw Violations(.invalidFormat, "cannot be made a plan")
        }
        return try Plan(input: document.root)
    }
}

extension StandardPlan {
    /// Something to look for in what a model wrote.
    enum Aspect: String, CaseIterable {
        case typecheck, lint, tests, audit

        var question: String {
            switch self {
            case .typecheck: "errors that a compiler or a type checker would report"
            case .lint: "breaches of the language's usual style, dead code and needless complexity"
            case .tests: "behaviour that no test covers, and tests that would fail"
            case .audit: "security faults: injection, secrets in the text, unsafe defaults, known weak dependencies"
            }
        }
    }

    /// What is wanted, in words.
    struct Prompt: InputValue {
        private static let rules = TextRule(1...10_000, allowsLines: true)
        static var rule: String { rules.description }

        let text: String

        init(input: JSONValue) throws(Violations) {
            text = try Self.rules.read(input)
        }

        var saysApproval: Bool {
            text.lowercasedASCII.utf8.split(whereSeparator: { !(0x61...0x7A).contains($0) })
                .contains { $0.elementsEqual("approval".utf8) }
        }
    }

    /// Which aspects are looked for.
    struct Quality: InputObject, CustomStringConvertible {
        static var none: Quality { Quality(aspects: []) }

        let aspects: [Aspect]

        static let schema = Schema(
            .optional("typecheck", Bool.self, default: false, "Errors that a compiler would report."),
            .optional("lint", Bool.self, default: false, "Breaches of style."),
            .optional("tests", Bool.self, default: false, "What no test covers."),
            .optional("audit", Bool.self, default: false, "Security faults."),
            into: { typecheck, lint, tests, audit in
                let wanted = [typecheck, lint, tests, audit]
                return Quality(aspects: zip(Aspect.allCases, wanted).compactMap { $1 ? $0 : nil })
            }
        )

        var description: String { "nothing" }
    }
}

extension StandardPlan {
    private var json: [UInt8] {
        var json = JSONWriter(reserving: 4_096)
        json.object { json in
            json.member("goal", goal)
            json.member("steps") { json in
                json.array { json in
                    writeGeneration(to: &json)
                    for aspect in aspects { writeReview(of: aspect, to: &json) }
                    if needsApproval { writeGate(to: &json) }
                }
            }
        }
        return json.bytes
    }

    /// The first line of the prompt, or as much of it as fits.
    private var goal: String {
        let line = prompt.unicodeScalars.prefix { $0 != "\n" }.prefix(200)
        return PlanGoal(rawValue: String(String.UnicodeScalarView(line)))?.rawValue ?? "What the prompt wants"
    }

    private func writeGeneration(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", "codegen")
            json.member("tool", "codegen")
            json.member("timeoutSeconds", 600)
            json.member("inputs") { json in
                json.object { json in
                    json.member("prompt", prompt)
                    json.member("maxTokens", 16_384)
                    json.member("filename", filename)
                }
            }
        }
    }

    private func writeReview(of aspect: Aspect, to json: inout JSONWriter) {
        let system = """
            You review what another model wrote. Look for \(aspect.question), and for nothing else. \
            Say ok if there is nothing to find. It was written for this task:

            \(prompt)
            """
        json.object { json in
            json.member("name", name(of: aspect))
            json.member("tool", "ai:generate")
            json.member("dependsOn", ["codegen"])
            json.member("timeoutSeconds", 300)
            json.member("inputs") { json in
                json.object { json in
                    json.member("system", system)
                    json.member("prompt") { json in json.object { json in json.member("$from", "codegen.text") } }
                    json.member("schema", JSONText(trusted: Array(Self.formOfReview.utf8)))
                }
            }
        }
    }

    private func writeGate(to json: inout JSONWriter) {
        json.object { json in
            json.member("name", "deploy")
            json.member("tool", "manual:deploy")
            json.member("dependsOn", aspects.isEmpty ? ["codegen"] : aspects.map(name))
            json.member("inputs") { json in
                json.object { json in json.member("message", "Is \(filename.rawValue) good enough? \(goal)") }
            }
        }
    }

    private func name(of aspect: Aspect) -> String { "review-\(aspect.rawValue)" }

    private static var formOfReview: String {
        """
        {"type":"object","properties":{"ok":{"type":"boolean"},"findings":{"type":"array","items":{"type":"string"}}},\
        "required":["ok","findings"],"additionalProperties":false}
        """
    }
}

extension ArtifactName {
    /// What an answer is called that nobody named.
    fileprivate static var standard: ArtifactName { ArtifactName(known: "result.md") }
}
