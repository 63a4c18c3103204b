import Base
import Runs
import Testing

@testable import Worker

@Suite struct StorableOutcomeTests {
    private func error(_ outputs: String, _ redaction: Redaction = Redaction()) -> StepFailure? {
        StepOutcome.succeeded(outputs: JSONText(trusted: Array(outputs.utf8))).storable(redaction).failure
    }

    // Cases: queue 47
    @Test(arguments: [
        #"{"a":"\u0000"}"#, "{\"a\":\"\0\"}", #"{"a":"\ud800"}"#, #"{"a":1,"a":2}"#, "{", "", "[1e999]",
        String(repeating: "[", count: 65) + String(repeating: "]", count: 65),
    ])
    func `outputs that cannot be stored fail the step permanently`(outputs: String) {
        #expect(error(outputs)?.code == "invalid_output")
        #expect(error(outputs)?.retry == .never)
    }

    @Test func `outputs have at most 1 MiB, also after secrets are removed`() {
        let most = #"{"a":""# + String(repeating: "xxxx yyy", count: (1 << 17) - 1) + #""}"#
        #expect(error(most) == nil)
        #expect(error(most + String(repeating: " ", count: 8))?.code == "output_too_large")
        var redaction = Redaction()
        redaction.add(Secret("xxxx"))
        #expect(error(most, redaction)?.code == "output_too_large")
    }

    @Test func `outputs with duplicate names after redaction are rejected`() {
        var redaction = Redaction()
        redaction.add(Secret("hunter22"))
        #expect(error(#"{"hunter22":1,"[redacted]":2}"#, redaction)?.code == "invalid_output")
    }

    @Test func `an error code that is a secret is replaced`() {
        var redaction = Redaction()
        redaction.add(Secret("hunter22"))
        let failure = StepOutcome.failed(StepFailure("a_hunter22", "It is hunter22.", retry: .later))
            .storable(redaction).failure
        #expect(failure == StepFailure("redacted", "It is [redacted].", retry: .later))
    }
}
