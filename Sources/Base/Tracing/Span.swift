import System

/// A part of the work of a trace: what was done, when, and with which outcome.
public struct Span: Sendable {
    /// The part that the span has in an exchange, with OpenTelemetry's numbers.
    public enum Kind: Int, Sendable {
        case `internal` = 1
        case server = 2
        case client = 3
        case consumer = 5
    }

    /// A value of an attribute.
    public enum Value: Sendable, Hashable {
        case text(String)
        case number(Int)
    }

    /// What was done; one of few names, never an identifier.
    public let name: String

    public let kind: Kind

    /// The span's own place in the trace.
    public let context: TraceContext

    /// The span that this one is a part of; nil for the first of a trace.
    public let parent: String?

    /// Spans of other traces that have to do with this one.
    public let links: [TraceContext]

    /// Microseconds since 1970.
    public let start: Int64

    public let duration: Duration

    /// Facts for operators, without inputs, outputs, addresses of servers and credentials.
    public let attributes: [(name: String, value: Value)]

    /// A word for the error; nil if there was none.
    public let error: String?
}

/// Work that goes on, whose span is recorded when it ends.
public struct OpenSpan: Sendable {
    /// What the work passes on to the calls that it makes.
    public let trace: Trace

    private let name: String
    private let kind: Span.Kind
    private let parent: String?
    private let links: [TraceContext]
    private let start = SystemClock.microsecondsSince1970()
    private let begin = SystemClock.uptime

    init(_ trace: Trace, _ name: String, _ kind: Span.Kind, below parent: String?, links: [TraceContext]) {
        self.trace = trace
        self.name = name
        self.kind = kind
        self.parent = parent
        self.links = links
    }

    /// Records the span; does nothing where spans are not recorded.
    ///
    /// - Parameters:
    ///   - attributes: The attributes; those without a value are left out.
    ///   - error: A word for the error, such as a code; nil if there was none.
    public func end(_ attributes: KeyValuePairs<String, Span.Value?> = [:], error: String? = nil) {
        guard let recorder = trace.recorder, let context = trace.context, context.isSampled == true else { return }
        recorder.add(
            Span(
                name: name,
                kind: kind,
                context: context,
                parent: parent,
                links: links,
                start: start,
                duration: SystemClock.uptime - begin,
                attributes: attributes.compactMap { name, value in value.map { (name, $0) } },
                error: error
            )
        )
    }
}

/// The trace of a call: the place of its spans, and what records them.
public struct Trace: Sendable {
    /// What calls to other servers pass on; nil if there is no trace.
    public let context: TraceContext?

    let recorder: SpanRecorder?

    /// No trace.
    public static let none = Trace(context: nil, recorder: nil)

    /// Makes a trace.
    ///
    /// - Parameters:
    ///   - context: The place in the trace.
    ///   - recorder: What records spans; nil if no spans are recorded.
    public init(context: TraceContext?, recorder: SpanRecorder?) {
        self.context = context
        self.recorder = recorder
    }

    /// Begins a span below this place.
    public func begin(_ name: String, _ kind: Span.Kind) -> OpenSpan {
        begin(name, kind, in: context)
    }

    /// Begins a span at a place in a trace that another call passed on.
    ///
    /// Where no spans are recorded, the place is passed on as it is, so that no span of the trace lacks its parent.
    ///
    /// - Parameters:
    ///   - name: What is done; one of few names.
    ///   - kind: The part of the span in an exchange.
    ///   - parent: The place; nil for a new trace.
    ///   - links: Other places that have to do with the span.
    /// - Returns: The span, which its owner ends.
    public func begin(
        _ name: String,
        _ kind: Span.Kind,
        in parent: TraceContext?,
        links: [TraceContext] = []
    ) -> OpenSpan {
        guard let recorder else {
            let context = parent.map { $0.spanID == nil ? $0.child(isSampled: $0.isSampled == true) : $0 }
            return OpenSpan(Trace(context: context, recorder: nil), name, kind, below: nil, links: [])
        }
        let place = parent ?? .newTrace()
        let context = place.child(isSampled: recorder.sampler.samples(place))
        let trace = Trace(context: context, recorder: recorder)
        return OpenSpan(trace, name, kind, below: place.spanID, links: links)
    }
}
