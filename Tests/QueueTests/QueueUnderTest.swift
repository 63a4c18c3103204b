import TestSupport
import Base
import Core
import Queue

/// An empty queue of any kind, with a clock that a test controls.
///
/// Its schedule must be ``RetrySchedule/standard``.
struct QueueUnderTest<Subject: Queue & SendableMetatype & ~Copyable>: Sendable {
    /// Opens the same queue again, for another thread.
    let open: @Sendable () throws -> Subject

    /// Advances the clock.
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

    /// Returns increasing ids, which determine the order of jobs that become due at the same time.
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
