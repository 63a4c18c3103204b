import Base
import TestSupport

extension TestDatabase {
    /// A process that makes one AI call.
    ///
    /// Its waits take milliseconds where production waits take seconds.
    func ask(_ variables: [String: String]) -> TestFunction {
        let usual = [
            "OPENAI_API_KEY": "sk-of-the-tests-0123456789", "OPENAI_MODEL": "gpt-4.1", "NOFX_RETRY_BASE_MS": "20",
            "NOFX_RETRY_CAP_MS": "200", "NOFX_JWT_SECRET": "", "NOFX_JWT_ISSUER": "", "NOFX_JWT_AUDIENCE": "",
        ]
        return TestFunction(tool: "ask", database: operatorURL, environment: usual.merging(variables) { $1 })
    }
}

extension TestFunction {
    /// A question that no other call uses.
    static func question(_ model: String? = nil) -> String {
        #"{"prompt":"What is \#(UUID.v7())?"\#(model.map { #","model":"\#($0)""# } ?? "")}"#
    }
}
