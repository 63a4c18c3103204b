import Base

/// How much work a check of untrusted data may take: a number of steps, and a deadline.
struct WorkLimit {
    /// How many steps are taken between two looks at the clock.
    private static let interval = 1_024

    private let deadline: Deadline
    private var steps: Int
    private var nextLook: Int

    /// Whether the steps are used up or the deadline has passed.
    private(set) var isExceeded = false

    /// Makes a limit.
    ///
    /// - Parameters:
    ///   - steps: The number of steps.
    ///   - deadline: When the check must end.
    init(steps: Int, deadline: Deadline) {
        self.steps = steps
        self.deadline = deadline
        nextLook = steps - Self.interval
        isExceeded = deadline.hasPassed
    }

    /// Takes a number of steps.
    ///
    /// - Returns: Whether the work may go on.
    mutating func take(_ count: Int = 1) -> Bool {
        steps -= count
        if steps < nextLook {
            nextLook = steps - Self.interval
            if steps < 0 || deadline.hasPassed { isExceeded = true }
        }
        if steps < 0 { isExceeded = true }
        return !isExceeded
    }
}
