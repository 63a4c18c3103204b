/// The identifier of one kind of thing, so that a team's cannot be passed for a user's.
public struct ID<Entity>: Hashable, Sendable, LosslessStringConvertible {
    /// The identifier without its kind.
    public let uuid: UUID

    /// Gives a kind to an identifier.
    public init(_ uuid: UUID) {
        self.uuid = uuid
    }

    /// Parses the canonical form of a UUID.
    public init?(_ text: String) {
        guard let uuid = UUID(text) else { return nil }
        self.init(uuid)
    }

    /// Makes a new identifier that sorts by the time it was made.
    public static func make() -> ID {
        ID(UUID.v7())
    }

    public var description: String { uuid.description }
}
