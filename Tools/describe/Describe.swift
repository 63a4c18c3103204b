import Base
import FunctionRuntime
import System

/// Prints the inputs and outputs of all endpoints as a JSON array, from which scripts write documents.
@main
struct Describe {
    static func main() {
        var json = JSONWriter()
        json.array { json in
            for endpoint in Endpoints.all { json.element(Object(endpoint)) }
        }
        do throws(SystemError) {
            try FileDescriptor.standardOutput.write(json.bytes + Array("\n".utf8))
        } catch {
            Process.exit(1)
        }
    }
}

/// A JSON object.
private struct Object: JSONEncodable {
    let members: (inout JSONWriter) -> Void

    func encode(to json: inout JSONWriter) {
        json.object(members)
    }
}

extension Access {
    /// The name in the description.
    fileprivate var name: String {
        switch self {
        case .anyone: "anyone"
        case .authenticated: "authenticated"
        case .operatorOnly: "operator"
        }
    }
}

extension Object {
    /// Describes an endpoint.
    init<F: Function>(_ endpoint: F.Type) {
        self.init(members: { json in
            json.member("name", F.name)
            json.member("subject", F.subject.rawValue)
            json.member("summary", F.summary)
            json.member("access", F.access.name)
            json.member("successStatus", F.successStatus)
            json.member("allowsGet", F.allowsGet)
            json.member("takesTriggers", F.takesTriggers)
            json.member("canRunForever", F.canRunForever)
            json.member("timeoutMilliseconds", F.usualTimeout.wholeMilliseconds)
            json.member("input", F.Input.inputShape.fields.map(Object.init))
            json.member("output", F.Output.outputShape.fields.map(Object.init))
        })
    }

    /// Describes a field and its nested fields.
    init(_ field: FieldDescription) {
        self.init(members: { json in
            json.member("name", field.name)
            json.member("rule", field.rule)
            json.member("required", field.isRequired)
            json.member("help", field.help)
            let shape = field.shape
            if !shape.fields.isEmpty { json.member("fields", shape.fields.map(Object.init)) }
            if !shape.forms.isEmpty { json.member("forms", shape.forms.map(Object.init)) }
        })
    }

    /// Describes the fields that an object has under a condition.
    init(_ form: ObjectShape.Form) {
        self.init(members: { json in
            json.member("condition", form.condition)
            json.member("fields", form.fields.map(Object.init))
        })
    }
}
