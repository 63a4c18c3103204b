import Base

@testable import Runs

extension Plan {
    /// A plan with these steps, in order, which do nothing.
    static func of(_ steps: KeyValuePairs<String, [String]>) throws -> Plan {
        let list = steps.map { name, others in
            let names = others.map { "\"\($0)\"" }.joined(separator: ",")
            return #"{"name":"\#(name)","tool":"test:echo","dependsOn":[\#(names)]}"#
        }
        return try Plan(json(list))
    }

    /// The JSON text of a plan.
    static func json(_ steps: [String]) -> String { #"{"goal":"Test","steps":[\#(steps.joined(separator: ","))]}"# }
}

extension JSONEncodable {
    var jsonText: String { String(decoding: jsonBytes, as: UTF8.self) }
}
