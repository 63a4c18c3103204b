import Base
public import Core
import Postgres
import System

extension Timeline {
    private static var reading: Action {
        Action("run.timeline", needs: .read, refusal: "Insufficient permissions to read runs")
    }

    /// The part of the call's time that is kept for a last query and for the answer.
    private static var reserve: Duration { .seconds(1) }

    /// Reads the events of a run after a cursor.
    ///
    /// If there are none and `waitSeconds` is set, it polls for new events, and for new text if that is asked for. Each
    /// poll is a transaction and a connection
    /// of its own: a waiting call holds no locks and no connection, and a caller who leaves the team gets an error.
    ///
    /// - Throws: A `Denial`; 404 `run_not_found`; 422 `invalid_cursor`; 429 `too_many_waiting`.
    public static func read(_ request: Request, in context: inout Context) throws -> Timeline {
        try read(request, in: &context) { pause in
            SystemClock.sleep(nanoseconds: Deadline.after(pause).remainingNanoseconds)
        }
    }

    /// Reads the events, with a replaceable pause between polls.
    static func read(
        _ request: Request,
        in context: inout Context,
        pausing pause: (Duration) throws -> Void
    ) throws -> Timeline {
        let user = try context.user(attempting: reading, on: request.team)
        let seen = try request.seen
        let query = Query.timeline(request, after: seen, seenBy: user)
        let end = min(.after(request.patience), context.deadline - reserve)
        var timeline = try Timeline(rows: context.read(query), request, after: seen)
        try timeline.readTexts(of: request, in: &context)
        let first = timeline.texts
        guard timeline.isWorthWaiting, !end.hasPassed else { return timeline }
        let place = try takePlace(for: end.remaining, in: &context)
        let result = Result {
            var interval = Duration.milliseconds(100)
            while timeline.isWorthWaiting, timeline.texts == first, !end.hasPassed {
                context.closeConnection()
                try pause(min(interval, end.remaining))
                interval = min(interval * 2, .milliseconds(500))
                timeline = try Timeline(rows: context.pollRead(query), request, after: seen)
                try timeline.readTexts(of: request, in: &context)
            }
        }
        // A place that cannot be given back is free again when the wait would have been over.
        _ = try? context.pollWrite("SELECT nofx.free_place(\(place))")
        try result.get()
        return timeline
    }

    private var isWorthWaiting: Bool { events.isEmpty && !hasEnded }

    /// Reads what the steps have written so far, if that is asked for.
    private mutating func readTexts(of request: Request, in context: inout Context) throws {
        guard request.includesTexts else { return }
        texts = hasEnded ? [] : try context.pollWrite(.texts(request)).decode()
    }

    /// Takes one of the caller's places for waiting calls, a little longer than the wait.
    private static func takePlace(for wait: Duration, in context: inout Context) throws -> Int32 {
        let places = Int32(context.quotas.waitingCallsPerUser)
        let seconds = Int32(wait.wholeSeconds + 5)
        return try context.pollWrite("SELECT nofx.take_place(\(places), \(seconds))").value()
    }

    private init(rows: Rows, _ request: Request, after seen: Int) throws {
        let row = try rows.firstOfRun(Self.reading, team: request.team)
        let last: Int = try row["event_seq"]
        guard seen <= last else { throw Cursor.refused }
        events = try row["is_item"] ? rows.decode() : []
        let reached = events.last?.number ?? seen
        nextCursor = request.cursor(after: reached)
        hasMore = reached < last
        hasEnded = try row["has_ended"] && !hasMore
    }
}

extension Query {
    // A subquery looks up each event's step by key: for a join, the server would read all steps of the run for each
    // event.
    fileprivate static func timeline(
        _ request: Timeline.Request,
        after seen: Int,
        seenBy user: ID<User>
    ) -> Query {
        """
        WITH caller AS MATERIALIZED (
            SELECT m.role, 'read' = ANY (nofx.permissions(m.role, m.permissions)) AS allowed
            FROM nofx.teams t JOIN nofx.team_members m ON m.team_id = t.id
            WHERE t.id = \(request.team) AND t.deleted_at IS NULL AND m.user_id = \(user)
        ), run AS MATERIALIZED (
            SELECT r.team_id, r.id, r.event_seq, r.ended_at
            FROM caller JOIN nofx.runs r ON caller.allowed AND r.team_id = \(request.team) AND r.id = \(request.run)
        ), page AS (
            SELECT e.seq, e.type, e.at, coalesce(json_strip_nulls(e.data), '{}') AS data,
                   (SELECT s.name FROM nofx.steps s
                    WHERE s.team_id = e.team_id AND s.run_id = e.run_id AND s.no = e.step_no) AS step
            FROM nofx.events e
            WHERE e.team_id = \(request.team) AND e.run_id = (SELECT id FROM run) AND e.seq > \(seen)
            ORDER BY e.seq
            LIMIT \(request.limit)
        )
        SELECT page.*, page.seq IS NOT NULL AS is_item, caller.allowed, caller.role AS caller_role,
               run.id IS NOT NULL AS has_run, run.event_seq, run.ended_at IS NOT NULL AS has_ended
        FROM caller LEFT JOIN run ON true LEFT JOIN page ON true
        ORDER BY page.seq
        """
    }
}
