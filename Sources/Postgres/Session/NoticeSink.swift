internal import Base
internal import CPostgres

/// Writes the server's notices to the log.
final class NoticeSink {
    private let log: Log

    /// Whether the server announced that it is about to close the connection.
    private(set) var announcedEnd = false

    init(log: Log) {
        self.log = log
    }

    /// Registers this object as the receiver of the session's notices.
    ///
    /// The caller must keep this object as long as the session is open.
    func attach(to session: OpaquePointer) {
        PQsetNoticeReceiver(
            session,
            { sink, result in
                guard let sink, let result else { return }
                Unmanaged<NoticeSink>.fromOpaque(sink).takeUnretainedValue().take(result)
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    private func take(_ result: OpaquePointer) {
        let fields = ErrorFields(result)
        if fields.isFatal { announcedEnd = true }
        let severity = fields.severity ?? "NOTICE"
        let members: KeyValuePairs<String, any JSONEncodable> = [
            "severity": severity, "state": fields.state ?? "", "notice": fields.message ?? "",
        ]
        switch severity {
        case "WARNING", "ERROR", "FATAL", "PANIC": log.warning("database.notice", members)
        default: log.debug("database.notice", members)
        }
    }
}
