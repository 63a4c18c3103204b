import Base
import Core
import TestSupport
import Testing

@testable import Postgres

/// The problems that callers receive for database errors.
@Suite struct ProblemTests {
    @Test(arguments: [
        ("NX001", 401, "invalid_token"), ("NX002", 503, "database_incompatible"),
        ("NX003", 503, "database_not_migrated"), ("3F000", 503, "database_not_migrated"),
        ("42P01", 503, "database_not_migrated"), ("42883", 503, "database_not_migrated"),
        ("55P03", 503, "busy"), ("40001", 503, "busy"), ("40P01", 503, "busy"), ("57014", 503, "timeout"),
        ("08000", 503, "unavailable"), ("08006", 503, "unavailable"), ("53100", 503, "unavailable"),
        ("53200", 503, "unavailable"), ("53300", 503, "unavailable"), ("57P01", 503, "unavailable"),
        ("57P03", 503, "unavailable"), ("57P05", 503, "unavailable"),
        ("22P02", 422, "validation_failed"), ("22P05", 422, "validation_failed"), ("22021", 422, "validation_failed"),
        ("22003", 422, "validation_failed"),
        ("22008", 422, "validation_failed"), ("54001", 422, "validation_failed"), ("23502", 500, "internal"),
        ("23503", 500, "internal"),
        ("23505", 500, "internal"), ("23514", 422, "validation_failed"), ("25006", 500, "internal"),
        ("26000", 500, "internal"),
        ("42501", 503, "misconfigured"), ("42601", 500, "internal"), ("42703", 500, "internal"),
        ("P0001", 500, "internal"),
        ("XX000", 500, "internal"), ("XX001", 500, "internal"), ("58030", 500, "internal"), ("0A000", 500, "internal"),
        ("99999", 500, "internal"),
    ])
    func `each SQL state has a problem without the error text`(_ state: String, _ status: Int, _ code: String) throws {
        let words = "password123 on host db.internal"
        let error = PostgresError(.server, state: SQLState(rawValue: state), message: words, statement: words)
        let problem = Problem(error)
        #expect(problem.status == status)
        #expect(problem.code == code)
        var json = JSONWriter()
        problem.encode(to: &json, requestID: "test")
        let answer = String(decoding: json.bytes, as: UTF8.self)
        #expect(!answer.contains("password123"))
        #expect(!answer.contains("db.internal"))
        #expect(!answer.contains(state))
    }

    @Test(arguments: [
        (PostgresError.Kind.connection, 503, "unavailable"), (.timeout, 503, "unavailable"),
        (.commitOutcomeUnknown, 503, "outcome_unknown"), (.configuration, 503, "misconfigured"),
        (.decoding, 500, "internal"), (.server, 500, "internal"),
    ])
    func `each error without an SQL state has a problem`(_ kind: PostgresError.Kind, _ status: Int, _ code: String) {
        let problem = Problem(PostgresError(kind, message: "password123"))
        #expect(problem.status == status)
        #expect(problem.code == code)
        #expect(!problem.detail.contains("password123"))
    }

    @Test(arguments: ["55P03", "40001", "57014", "08006", "53300"])
    func `the problem of a transient error has a Retry-After`(_ state: String) {
        let problem = Problem(PostgresError(.server, state: SQLState(rawValue: state), message: ""))
        #expect(problem.retryAfter == 1)
    }

    @Test func `the problem of a permanent error has no Retry-After`() {
        for state in ["NX001", "NX002", "NX003", "42501", "XX000"] {
            let problem = Problem(PostgresError(.server, state: SQLState(rawValue: state), message: ""))
            #expect(problem.retryAfter == nil)
        }
    }

    @Test(arguments: [("55P03", 503, "busy"), ("57P01", 503, "unavailable"), ("22012", 422, "validation_failed")])
    func `SQL states of a real server have their problems`(_ state: String, _ status: Int, _ code: String) throws {
        let database = try TestDatabase()
        var context = try database.context(for: .stranger())
        try database.rows(
            """
            CREATE FUNCTION nofx.fail(code text) RETURNS void LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'password123' USING ERRCODE = code; END $$
            """
        )
        let error = #expect(throws: PostgresError.self) { try context.write("SELECT nofx.fail(\(state))") }
        let problem = Problem(try #require(error))
        #expect(problem.status == status)
        #expect(problem.code == code)
    }
}
