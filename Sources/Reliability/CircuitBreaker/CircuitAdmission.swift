/// The answer to who asks for leave to make a call.
public enum CircuitAdmission: ~Copyable, Sendable {
    /// The call may be made.
    case permitted(CircuitPermit)
    /// It may not.
    case rejected(CircuitRejection)
}
