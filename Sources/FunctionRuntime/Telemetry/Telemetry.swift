import Base
import Core
import System

/// What a process tells operators of its calls: spans for a collector, and a line in the log for each call.
final class Telemetry {
    private let exporter: SpanExporter?
    private var isExporting = false

    /// Exports no spans.
    init() {
        exporter = nil
    }

    /// Reads whether and where to export spans.
    ///
    /// A variable that cannot be used is reported, and no spans are exported: platforms set these variables for all
    /// programs, and no call may fail for them.
    init(_ environment: Environment, log: Log) {
        do throws(ConfigurationError) {
            exporter = try ExportSettings(environment).map {
                SpanExporter(settings: $0, recorder: SpanRecorder($0.sampler), log: log)
            }
        } catch {
            exporter = nil
            log.warning("tracing.misconfigured", ["variable": error.variable, "rule": error.rule])
        }
    }

    /// Whether spans are exported.
    var isOn: Bool { exporter != nil }

    /// Begins a call.
    ///
    /// - Parameters:
    ///   - name: The endpoint.
    ///   - request: The request.
    ///   - delivery: What the transport knows beside it.
    /// - Returns: The span of the call.
    func begin(_ name: String, _ request: Request, _ delivery: Delivery) -> OpenSpan {
        startExporting()
        let kind: Span.Kind =
            request.messages != nil ? .consumer : request.form.isWrapped || delivery.isFromWeb ? .server : .internal
        let trace = Trace(context: nil, recorder: exporter?.recorder)
        return trace.begin(name, kind, in: request.traceContext ?? delivery.trace ?? request.gatewayTraceContext)
    }

    /// Has the spans of ended calls exported, and waits for that, at most as long as the budget says.
    ///
    /// - Parameter deadline: When to wait no longer, if that is earlier.
    func flush(by deadline: Deadline = .distantFuture) {
        guard let exporter, isExporting else { return }
        exporter.recorder.flush(by: min(deadline, .after(exporter.settings.budget)))
    }

    /// Starts the thread that exports spans, also those of a call that goes on.
    private func startExporting() {
        guard let exporter, !isExporting else { return }
        var threads = Threads()
        do throws(SystemError) {
            try threads.start { exporter.run() }
            isExporting = true
        } catch {
            exporter.log.warning("spans.lost", ["count": 0, "reason": error.description])
        }
        // It ends with the process.
        threads.abandon()
    }
}

extension Request {
    /// The place in a trace that the caller passed on.
    fileprivate var traceContext: TraceContext? {
        headers["traceparent"].flatMap {
            TraceContext(traceparent: $0, state: headers.values(of: "tracestate").joined(separator: ","))
        }
    }

    /// The place in a trace that a load balancer or a gateway of AWS passed on.
    fileprivate var gatewayTraceContext: TraceContext? {
        headers["x-amzn-trace-id"].flatMap { TraceContext(xray: $0) }
    }
}
