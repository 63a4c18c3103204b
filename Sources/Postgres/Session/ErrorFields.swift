internal import CPostgres

/// What an error or a notice of the server says.
///
/// Its detail is left out on purpose: that is where Postgres repeats the row.
struct ErrorFields {
    private let result: OpaquePointer

    init(_ result: OpaquePointer) {
        self.result = result
    }

    var state: String? { self[POSTGRES_FIELD_STATE] }
    var message: String? { self[POSTGRES_FIELD_MESSAGE] }
    var constraint: String? { self[POSTGRES_FIELD_CONSTRAINT] }
    var hint: String? { self[POSTGRES_FIELD_HINT] }

    /// The severity in English, which a pooler may send in the older field only.
    var severity: String? { self[POSTGRES_FIELD_SEVERITY_IN_ENGLISH] ?? self[POSTGRES_FIELD_SEVERITY] }

    /// Whether the connection ends with it.
    var isFatal: Bool { severity == "FATAL" || severity == "PANIC" }

    /// Whether the server, and not something between, refused one statement and lives on.
    ///
    /// Anything else that comes in an answer's place says nothing about the statement: a pooler that lost its
    /// server in the middle answers for it, when the server may have committed.
    var isStatementFailure: Bool {
        guard severity == "ERROR", let state else { return false }
        // 40003 is statement_completion_unknown.
        return !SQLState(rawValue: state).isAboutConnection && state != "40003"
    }

    private subscript(_ code: Int) -> String? {
        PQresultErrorField(result, Int32(code)).map { String(cString: $0) }
    }
}
