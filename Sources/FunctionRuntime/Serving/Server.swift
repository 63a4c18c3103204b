import Base
import Core
import System

/// What a transport knows about an event beside its bytes.
struct Delivery {
    var requestID: String?
    var trace: TraceContext?
    var deadline: Deadline?

    /// The endpoint that the platform's configuration names for an event without a path.
    var endpoint: String?

    /// Whether the call runs until the process is asked to end.
    var isEndless = false

    /// The credential for an event that is the input itself.
    var token: String?

    /// Whether the event came from a web server or a watchdog.
    ///
    /// An operator's endpoint refuses it.
    var isFromWeb = false

    /// Whether the platform may freeze the process as soon as it has the answer.
    var freezesAfterAnswer = false

    /// Sends a piece of an answer, before the first one its head; nil for a transport that delivers whole answers.
    ///
    /// It returns false if the client has gone.
    var send: ((_ piece: [UInt8], _ head: Answer?) -> Bool)?
}

/// The connection to the database, which the endpoints of a process use in turn.
final class SharedDatabase {
    private var database: Database?

    init() {
        database = nil
    }

    func take() -> Database? { database.take() }

    func put(back database: consuming Database) { self.database = consume database }
}

/// Answers one event after the other with one function.
///
/// A transport supplies the events and delivers the responses.
struct Server<F: Function>: ~Copyable {
    private let configuration: Configuration
    /// Keeps the keys that it fetched.
    private var authenticator: Authenticator?
    private let baseLog: Log
    private let database: SharedDatabase
    private let telemetry: Telemetry

    /// Creates a server.
    ///
    /// - Parameters:
    ///   - configuration: What the environment says.
    ///   - believesPlatform: Whether the transport's platform may vouch for callers.
    ///   - database: The connection that the endpoints of the process share.
    ///   - telemetry: What the process tells of its calls.
    ///   - log: Gets what belongs to each call added.
    init(
        _ configuration: Configuration,
        believesPlatform: Bool,
        database: SharedDatabase = SharedDatabase(),
        telemetry: Telemetry = Telemetry(),
        log: Log
    ) {
        self.configuration = configuration
        authenticator = Authenticator(configuration, believesPlatform: believesPlatform)
        self.database = database
        self.telemetry = telemetry
        baseLog = log
    }

    /// Handles an event.
    ///
    /// - Parameters:
    ///   - event: The event's bytes; nil if the event is too large.
    ///   - delivery: The transport's data about the event.
    ///   - deliver: Delivers the response in the request's format. Best-effort bookkeeping follows, or precedes it if
    ///     the platform may freeze the process.
    mutating func answer(
        _ event: [UInt8]?,
        _ delivery: Delivery,
        deliver: (Answer, Request.Form) -> Void
    ) {
        let request: Request
        do throws(Problem) {
            request = try Self.request(event, delivery, log: baseLog)
        } catch {
            let answer = Answer(error, requestID: delivery.requestID ?? .newRequestID(), form: F.form)
            deliver(answer, .direct)
            return baseLog.report(answer)
        }
        answer(request, delivery, deliver: deliver)
    }

    /// Answers a request.
    ///
    /// - Parameters:
    ///   - request: The request, as the transport read it.
    ///   - delivery: What the transport knows beside it.
    ///   - deliver: Takes the answer away, in the request's form. Best-effort bookkeeping comes after it, unless the
    ///     process may be frozen by then.
    mutating func answer(_ request: Request, _ delivery: Delivery, deliver: (Answer, Request.Form) -> Void) {
        let (start, span) = (SystemClock.uptime, telemetry.begin(F.name, request, delivery))
        let origin = Self.origin(of: request, delivery, span.trace)
        let log = log(for: origin, span.trace)
        var context = Context(
            origin: origin,
            deadline: deadline(delivery),
            log: log,
            quotas: configuration.quotas,
            database: database.take() ?? Database(at: configuration.database)
        )
        if F.form == .openAI, let send = delivery.send {
            context.stream = AnswerStream("text/event-stream") { piece, contentType, isFirst in
                send(piece, isFirst ? .head(contentType: contentType, requestID: origin.requestID) : nil)
            }
        }
        var (request, denial) = (request, Denial?.none)
        var answer: Answer
        do {
            let reply = try Self.run(&request, delivery, &authenticator, in: &context)
            answer = Answer(
                reply,
                status: F.successStatus,
                requestID: origin.requestID,
                rateLimitStatus: context.rateLimitStatus
            ).to(request.cloudEvent, from: F.name)
        } catch let error as Denial {
            context.warn(of: error)
            denial = error
            answer = Answer(error.problem, requestID: origin.requestID, form: F.form)
        } catch {
            answer = Answer(
                error as? Problem ?? .internal,
                requestID: origin.requestID,
                rateLimitStatus: context.rateLimitStatus,
                methods: F.allowsGet ? "GET, HEAD, POST" : "POST",
                form: F.form
            )
            if request.messages != nil { context.log.error("messages.failed", ["code": answer.problem?.code]) }
        }
        if context.stream?.hasBegun == true { answer = answer.streamed }
        if let denial, delivery.freezesAfterAnswer { context.record(denial) }
        let duration = SystemClock.uptime - start
        deliver(request.method == "HEAD" ? answer.withoutBody : answer, request.form)
        if let denial, !delivery.freezesAfterAnswer { context.record(denial) }
        let report = CallReport(answer: answer, duration: duration, use: context.databaseUse)
        database.put(back: context.end())
        span.end(report.attributes, error: report.error)
        report.write(to: log, namespace: configuration.metricsNamespace)
    }

    /// Decodes an event.
    ///
    /// It may be larger than an input only if a platform has wrapped the input.
    private static func request(
        _ event: [UInt8]?,
        _ delivery: Delivery,
        log: Log
    ) throws(Problem) -> Request {
        guard let event else { throw .payloadTooLarge }
        // A cron job has no standard input, and an image without a shell has no means to make one.
        if event.allSatisfy(\.isBlank), F.takesNoInput { return Request(form: .direct, body: .text([])) }
        let isLarge = event.count > JSONLimits.event.bytes
        do throws(Problem) {
            var request = try EventDecoder.decode(JSONDocument(event: event, limits: .wrappedEvent).root)
            if F.takesTriggers, !delivery.isFromWeb, case .direct = request.form, case .value(let event) = request.body,
                let trigger = try Trigger<F>.request(of: event, log: log)
            {
                request = trigger
            }
            guard !isLarge || request.form.isWrapped else { throw .payloadTooLarge }
            return request
        } catch {
            throw isLarge ? .payloadTooLarge : error
        }
    }

    /// Checks the caller and runs the endpoint.
    ///
    /// If the request holds a CloudEvent, the event's data becomes its body.
    private static func run(
        _ request: inout Request,
        _ delivery: Delivery,
        _ authenticator: inout Authenticator?,
        in context: inout Context
    ) throws -> Reply {
        guard request.method == "POST" || F.allowsGet && Request.readingMethods.contains(request.method) else {
            let methods = F.allowsGet ? "POST, GET and HEAD are" : "POST is"
            throw Problem(status: 405, code: "method_not_allowed", detail: "Only \(methods) allowed.")
        }
        switch F.access {
        case .anyone: break
        case .authenticated:
            var signed = request
            if request.form == .direct, let token = delivery.token {
                signed.headers.add(credential: token)
            }
            let caller = try F.answering(in: &context) { context in
                try authenticator?.caller(of: signed, now: .now(), in: &context)
            }
            guard let caller else { throw Problem.misconfigured }
            context.authenticated(as: caller)
        case .operatorOnly:
            guard request.form == .direct || request.messages != nil, !delivery.isFromWeb else {
                throw Problem(
                    status: 403,
                    code: "operator_only",
                    detail: "This function cannot be called over the web."
                )
            }
        }
        // A batch without a valid input needs no work.
        if request.messages?.isRefused == true { return Reply(body: [], isRepeated: false) }
        request = try request.unwrappingCloudEvent()
        let key = F.form == .openAI ? nil : try IdempotencyKey.find(in: request.headers) ?? request.cloudEvent?.key
        return try F.reply(
            to: request.input(orEmpty: F.takesNoInput),
            key: key,
            accept: Accept(request.headers),
            in: &context
        )
    }

    private func deadline(_ delivery: Delivery) -> Deadline {
        if delivery.isEndless { return .distantFuture }
        let own = Deadline.after(configuration.timeout)
        return delivery.deadline.map { min($0, own) } ?? own
    }

    private func log(for origin: Origin, _ trace: Trace) -> Log {
        var log = baseLog
        log.trace = trace
        log.add("requestId", origin.requestID)
        if let traceID = origin.traceID { log.add("traceId", traceID) }
        return log
    }

    private static func origin(of request: Request, _ delivery: Delivery, _ trace: Trace) -> Origin {
        Origin(
            requestID: delivery.requestID ?? request.platformRequestID?.ifPlatformMade ?? .newRequestID(),
            traceID: trace.context?.traceID,
            ip: request.sourceIP?.ifPlatformMade,
            userAgent: request.headers["user-agent"]
        )
    }
}

extension Function {
    /// Whether no field of the input is required, so that no input is the same as `{}`.
    fileprivate static var takesNoInput: Bool { Input.inputShape.fields.allSatisfy { !$0.isRequired } }
}

extension UInt8 {
    /// Whether the byte is white space in JSON (RFC 8259, section 2).
    fileprivate var isBlank: Bool { [0x20, 0x09, 0x0A, 0x0D].contains(self) }
}

extension String {
    fileprivate static func newRequestID() -> String {
        UUID.v7().description
    }

    /// A platform's identifier or address, or nil if its length or characters are implausible.
    fileprivate var ifPlatformMade: String? {
        (1...64).contains(utf8.count) && utf8.allSatisfy { (0x21...0x7E).contains($0) } ? self : nil
    }
}
