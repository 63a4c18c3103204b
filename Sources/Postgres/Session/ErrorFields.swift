internal import CPostgres

/// The fields of a server's error or notice.
///
/// The detail field is omitted on purpose, because Postgres repeats the row's values there.
struct ErrorFields {
    private let result: OpaquePointer

    init(_ result: OpaquePointer) {
        self.result = result
    }

    var state: String? { self[POSTGRES_FIELD_STATE] }
    var message: String? { self[POSTGRES_FIELD_MESSAGE] }
    var constraint: String? { self[POSTGRES_FIELD_CONSTRAINT] }
    var hint: String? { self[POSTGRES_FIELD_HINT] }

    /// The severity in English.
    ///
    /// A pooler may send only the older, localized field.
    var severity: String? { self[POSTGRES_FIELD_SEVERITY_IN_ENGLISH] ?? self[POSTGRES_FIELD_SEVERITY] }

    /// Whether the error ends the connection.
    var isFatal: Bool { severity == "FATAL" || severity == "PANIC" }

    /// Whether the server itself rejected one statement and the session continues.
    ///
    /// Any other error says nothing about the statement. For example, a pooler that lost its server in the middle of a
    /// statement sends an error, although the server may have committed.
    var isStatementFailure: Bool {
        guard severity == "ERROR", let state else { return false }
        // 40003 is statement_completion_unknown.
        return !SQLState(rawValue: state).isAboutConnection && state != "40003"
    }

    private subscript(_ code: Int) -> String? {
        PQresultErrorField(result, Int32(code)).map { String(cString: $0) }
    }
}
