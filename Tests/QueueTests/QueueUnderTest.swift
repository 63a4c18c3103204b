import TestSupport
import Base
import Core
import Queue

/// A queue of some kind, empty, whose clock a test can move.
///
/// It has to have ``RetrySchedule/standard`` for its schedule.
struct QueueUnderTest<Subject: Queue & SendableMetatype & ~Copyable>: Sendable {
    /// Another way to the same queue, for a thread of its own.
    let open: @Sendable () throws -> Subject

    /// Lets time pass.
    let pass: @Sendable (Duration) throws -> Void
}

extension QueueTopic {
    static func test(_ name: String = "step.ready") throws -> QueueTopic {
        guard let topic = QueueTopic(name) else { throw NoTopic(name: name) }
        return topic
    }

    private struct NoTopic: Error {
        let name: String
    }
}

extension NewJob {
    private static let made = Counter()

    /// An id that comes after all those before it: they say who is first of those that are due since the same moment.
    static func nextID() -> ID<Job> {
        ID(UUID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0000 | UInt64(made.add(1))))
    }

    /// A job whose payload is a number.
    init(_ topic: QueueTopic, _ number: Int, tenant: UUID? = nil, priority: Int16 = 0, delay: Duration = .zero) {
        self.init(topic, JSONText(number), id: Self.nextID(), tenant: tenant, priority: priority, delay: delay)
    }
}

extension Job {
    var number: Int? { Int(payload.description) }
}
