import Base
import FunctionRuntime

/// The inputs and outputs of all endpoints as a JSON array, from which `scripts/docs` writes documents.
struct Description: JSONEncodable {
    private let members: (inout JSONWriter) -> Void

    /// The descriptions of the endpoints and of the health checks.
    static var ofAllEndpoints: String {
        var json = JSONWriter(reserving: 1 << 20)
        json.array { json in
            for endpoint in Endpoints.all + Gateway.healthChecks { json.element(Description(endpoint)) }
        }
        return String(decoding: json.bytes, as: UTF8.self) + "\n"
    }

    func encode(to json: inout JSONWriter) {
        json.object(members)
    }
}

extension Description {
    /// Describes an endpoint.
    private init<F: Function>(_ endpoint: F.Type) {
        self.init(members: { json in
            json.member("name", F.name)
            json.member("subject", F.subject.rawValue)
            json.member("summary", F.summary)
            json.member("access", F.access.name)
            json.member("form", F.form == .openAI ? "openAI" : "problem")
            json.member("successStatus", F.successStatus)
            json.member("allowsGet", F.allowsGet)
            json.member("takesTriggers", F.takesTriggers)
            json.member("canRunForever", F.canRunForever)
            json.member("timeoutMilliseconds", F.usualTimeout.wholeMilliseconds)
            json.member("textContentType", (F.Output.self as? any TextOutput.Type)?.textContentType)
            json.member("input", F.Input.inputShape.fields.map(Description.init))
            json.member("output", F.Output.outputShape.fields.map(Description.init))
            json.member("inputType", String(reflecting: F.Input.self))
            json.member("outputType", String(reflecting: F.Output.self))
            json.member("inputSchema", JSONSchema(F.Input.form, F.Input.inputShape, of: .input))
            json.member("outputSchema", JSONSchema(F.Output.form, F.Output.outputShape, of: .output))
        })
    }

    /// Describes a field and its nested fields.
    private init(_ field: FieldDescription) {
        self.init(members: { json in
            json.member("name", field.name)
            json.member("rule", field.rule)
            json.member("required", field.isRequired)
            json.member("help", field.help)
            let shape = field.shape
            if !shape.fields.isEmpty { json.member("fields", shape.fields.map(Description.init)) }
            if !shape.forms.isEmpty { json.member("forms", shape.forms.map(Description.init)) }
        })
    }

    /// Describes the fields that an object has under a condition.
    private init(_ form: ObjectShape.Form) {
        self.init(members: { json in
            json.member("condition", form.condition)
            json.member("fields", form.fields.map(Description.init))
        })
    }
}

extension Access {
    fileprivate var name: String {
        switch self {
        case .anyone: "anyone"
        case .authenticated: "authenticated"
        case .operatorOnly: "operator"
        }
    }
}
