import Base
import Testing

@testable import FunctionRuntime

struct ExitStatusTests {
    // Cases: faas 99
    @Test(arguments: [
        (400, "malformed_json", 65), (401, "unauthenticated", 77), (401, "token_expired", 77), (403, "forbidden", 77),
        (403, "quota_exceeded", 77), (404, "team_not_found", 66), (405, "method_not_allowed", 65),
        (409, "slug_taken", 73), (413, "payload_too_large", 65), (422, "validation_failed", 65),
        (429, "rate_limited", 75), (500, "internal", 70), (503, "unavailable", 75), (503, "timeout", 75),
        (503, "outcome_unknown", 70), (503, "misconfigured", 78), (503, "database_not_migrated", 78),
        (503, "database_incompatible", 78), (503, "database_encoding", 78), (409, "database_newer", 73), (302, "x", 70),
        (504, "x", 70),
    ])
    func `each problem has an exit status`(status: Int, code: String, expected: Int) {
        #expect(ExitStatus.of(Problem(status: status, code: code, detail: "")) == Int32(expected))
    }
}
