import Base
import Core
import Postgres
import TestSupport
import Testing

/// A refused decision on a gate is recorded, and the team can read who made it.
struct GateDenialTests {
    @Test func `refused decisions are counted by reason and shown to the team's managers`() throws {
        let database = try TestDatabase()
        let (owner, member) = (TestDatabase.newSubject(), TestDatabase.newSubject())
        let team = try database.makeTeam(as: owner)
        try database.add(member, to: team, as: "member")
        let gates = [#"{"role":"admin"}"#, #"{"fourEyes":true}"#, #"{"allowWaive":false}"#]
        let run = try database.startRun(
            gates.enumerated().map { TestStep("gate \($0)", "gate:manual", inputs: $1) },
            team: UUID(team) ?? .v7(),
            by: Caller(endToEnd: owner)
        )
        func decide(_ function: String, _ gate: Int, as subject: String) throws -> Subprocess.Outcome {
            let reason = function == "waiveGate" ? #","reason":"Hurry.""# : ""
            return try database.function(function, as: subject)
                .run(#"{"teamId":"\#(team)","runId":"\#(run)","step":"gate \#(gate)"\#(reason)}"#)
        }
        let role = try decide("approveGate", 0, as: member)
        try expectProblem(role, 403, "forbidden", exit: 77)
        #expect(try role.json()["requiredRole"]?.string == "admin")
        try expectProblem(try decide("approveGate", 1, as: member), 403, "forbidden", exit: 77)
        try expectProblem(try decide("approveGate", 1, as: owner), 403, "own_run_approval", exit: 77)
        try expectProblem(try decide("waiveGate", 2, as: owner), 403, "waiver_not_allowed", exit: 77)
        try expectProblem(try decide("approveGate", 0, as: TestDatabase.newSubject()), 404, "team_not_found", exit: 66)

        let answer = try database.function("listSecurityEvents", as: owner).run(#"{"teamId":"\#(team)"}"#).json()
        let told = answer["items"]?.elements.map { "\($0["action"]?.string ?? "") \($0["reason"]?.string ?? "")" } ?? []
        #expect(
            told.sorted() == [
                "gate.approve missing_permission", "gate.approve not_a_member_or_missing", "gate.approve own_run",
                "gate.approve role_too_low", "gate.waive no_waiver",
            ]
        )
        #expect(try database.value("SELECT count(*) FROM nofx.gates WHERE status = 'pending'") == 3)
    }
}
