import Base
import Core
import System

/// The outcome of a call, which is one line in the log, and with a namespace metrics of CloudWatch too.
struct CallReport {
    let answer: Answer
    let duration: Duration
    let use: DatabaseUse?

    /// The attributes of the call's span.
    var attributes: KeyValuePairs<String, Span.Value?> {
        [
            "faas.invocation_id": .text(answer.requestID), "http.response.status_code": .number(answer.status),
            "nofx.round_trips": use.map { .number($0.roundTrips) },
            "nofx.code": answer.problem.map { .text($0.code) },
        ]
    }

    /// The code of an error that is not the caller's; nil otherwise.
    var error: String? { answer.status >= 500 ? answer.problem?.code : nil }

    /// Writes the line.
    ///
    /// - Parameters:
    ///   - log: The log of the call.
    ///   - namespace: The namespace of metrics in CloudWatch; nil for no metrics. With metrics the line is written at any
    ///     level.
    func write(to log: Log, namespace: String? = nil) {
        let databaseTime = (use?.duration ?? .zero).milliseconds
        let (trips, code) = (use?.roundTrips ?? 0, answer.problem?.code)
        guard let namespace else {
            return log.info(
                "call.ended",
                [
                    "status": answer.status, "code": code, "durationMs": duration.milliseconds,
                    "databaseMs": databaseTime, "roundTrips": trips,
                ]
            )
        }
        log.at(.info).info(
            "call.ended",
            [
                "status": answer.status, "code": code, "durationMs": duration.milliseconds,
                "databaseMs": databaseTime, "roundTrips": trips, "serverErrors": answer.status >= 500 ? 1 : 0,
                "_aws": Self.metrics(in: namespace),
            ]
        )
    }

    /// What CloudWatch has to know of the metrics in a line (CloudWatch embedded metric format).
    private static func metrics(in namespace: String) -> JSONText {
        let metrics = [
            ("durationMs", "Milliseconds"), ("databaseMs", "Milliseconds"), ("roundTrips", "Count"),
            ("serverErrors", "Count"),
        ]
        var json = JSONWriter()
        json.object { json in
            json.member("Timestamp", SystemClock.microsecondsSince1970() / 1_000)
            json.member("CloudWatchMetrics") { json in
                json.array { json in
                    json.object { json in
                        json.member("Namespace", namespace)
                        json.member("Dimensions", [["function"]])
                        json.member("Metrics") { json in
                            json.array { json in
                                for (name, unit) in metrics {
                                    json.object { json in
                                        json.member("Name", name)
                                        json.member("Unit", unit)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        return JSONText(trusted: json.bytes)
    }
}

extension Duration {
    /// The milliseconds with three decimals, as JSON.
    fileprivate var milliseconds: JSONText {
        let (whole, rest) = max(wholeMicroseconds, 0).quotientAndRemainder(dividingBy: 1_000)
        return JSONText(trusted: Array("\(whole).\("\(1_000 + rest)".dropFirst())".utf8))
    }
}

extension Log {
    /// Reports a request that no endpoint handled.
    ///
    /// - Parameter answer: The answer.
    func report(_ answer: Answer) {
        var log = self
        log.add("requestId", answer.requestID)
        CallReport(answer: answer, duration: .zero, use: nil).write(to: log)
    }
}
