/// Which installation an API key is for, so that a key from a test system opens nothing that matters, nor the other way
/// round.
public enum KeyEnvironment: String, CaseIterable, Sendable {
    case live, test

    /// The environment with exactly this name.
    public init?(exactly name: some Sequence<UInt8>) {
        guard let match = Self.allCases.first(where: { name.elementsEqual($0.rawValue.utf8) }) else { return nil }
        self = match
    }

    /// What a key of this environment begins with, which names it and may be shown.
    public func prefix(of id: KeyID) -> String { "\(APIKey.marker)\(rawValue)_\(id)" }
}
