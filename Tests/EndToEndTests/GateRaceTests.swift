import Base
import Core
import Postgres
import TestSupport
import Testing

/// Concurrent decisions on one gate.
struct GateRaceTests {
    @Test func `of 32 concurrent approvals and rejections of a gate, exactly one decides`() throws {
        let database = try TestDatabase()
        let owner = TestDatabase.newSubject()
        let team = try database.makeTeam(as: owner)
        let run = try database.startRun(
            [TestStep("approve", "gate:manual"), TestStep("ship", after: ["approve"])],
            team: UUID(team) ?? .v7(),
            by: Caller(endToEnd: owner)
        )
        let admins = (0..<32).map { _ in TestDatabase.newSubject() }
        for admin in admins { try database.add(admin, to: team, as: "admin") }
        let outcomes = try runConcurrently(32) { number, barrier in
            let function = try database.function("approveGate", as: admins[number])
            let decision = number % 2 == 0 ? "approved" : "rejected"
            let input = #"{"teamId":"\#(team)","runId":"\#(run)","step":"approve","decision":"\#(decision)"}"#
            let process = try function.start()
            barrier()
            var outcome = process.finish(Array(input.utf8))
            // On a busy machine a process may wait for the lock too long.
            while outcome.status == 75 { outcome = try function.run(input) }
            return outcome
        }

        let decided: String = try database.value("SELECT status FROM nofx.gates")
        for (number, outcome) in outcomes.enumerated() {
            if (number % 2 == 0 ? "approved" : "rejected") == decided {
                #expect(outcome.status == 0, "\(outcome)")
                #expect(try outcome.json()["status"]?.string == decided)
            } else {
                try expectProblem(outcome, 409, "gate_decided", exit: 73)
                #expect(try outcome.json()["gateStatus"]?.string == decided)
            }
        }
        let decisions: [String] = try database.value(
            """
            SELECT array_agg(type) FROM nofx.events
            WHERE type IN ('gate.approved', 'gate.rejected', 'step.succeeded', 'step.failed')
            """
        )
        #expect(decisions == ["gate.\(decided)", decided == "approved" ? "step.succeeded" : "step.failed"])
        #expect(try database.value("SELECT count(*) FROM nofx.team_activity WHERE action LIKE 'gate.%'") == 1)
        #expect(try database.value("SELECT count(*) FROM nofx.queue") == (decided == "approved" ? 1 : 0))
        #expect(try database.value("SELECT decided_by::text FROM nofx.gates", as: String.self) != owner)
    }
}
