public import Base

/// A plan made from a prompt.
///
/// The same input always makes the same plan, with these steps:
/// - `codegen` asks a model to fulfil the prompt and stores the answer as an artifact;
/// - `review-typecheck`, `review-lint`, `review-tests` and `review-audit`, each if its `quality` flag is set, ask a
///   model to review the answer and to return `ok` and `findings`. No code is executed, and findings do not fail the
///   run;
/// - `deploy`, a gate after all other steps, if `approval` is true, or if it is absent and the prompt contains that
///   word.
public struct StandardPlan: InputObject {
    let prompt: String
    let aspects: [Aspect]
    let filename: ArtifactName
    let needsApproval: Bool

    public static var schema: Schema<StandardPlan> {
        Schema(
            Field("prompt", Prompt.self, "The task for the model."),
            .optional("quality", Quality.self, default: .none, "The reviews to request."),
            .optional(
                "filename",
                ArtifactName.self,
                default: .standard,
                "The name of the artifact that holds the answer."
            ),
            .optional(
                "approval",
                Bool.self,
                "Whether to end with a gate; by default if the prompt says approval."
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

    /// Makes the plan and validates it like any other plan.
    ///
    /// - Throws: `Violations`, which a valid prompt cannot cause.
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
    /// An aspect that a review checks.
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

    struct Prompt: InputValue {
        private static let rules = TextRule(1...10_000, allowsLines: true)
        static var rule: String { rules.description }
        static var form: ValueForm { rules.form }

        let text: String

        init(input: JSONValue) throws(Violations) {
            text = try Self.rules.read(input)
        }

        var saysApproval: Bool {
            text.lowercasedASCII.utf8.split(whereSeparator: { !(0x61...0x7A).contains($0) })
                .contains { $0.elementsEqual("approval".utf8) }
        }
    }

    /// The reviews to request.
    struct Quality: InputObject, CustomStringConvertible {
        static var none: Quality { Quality(aspects: []) }

        let aspects: [Aspect]

        static let schema = Schema(
            .optional("typecheck", Bool.self, default: false, "Errors that a compiler would report."),
            .optional("lint", Bool.self, default: false, "Style violations."),
            .optional("tests", Bool.self, default: false, "Behaviour without tests."),
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

    /// The first line of the prompt, truncated.
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
    /// The default name of the artifact.
    fileprivate static var standard: ArtifactName { ArtifactName(known: "result.md") }
}
