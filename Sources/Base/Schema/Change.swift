/// What an update does to a value that can be empty.
public enum Change<Value> {
    /// The field was absent: leave the value.
    case keep

    /// The field was null: empty the value.
    case clear

    /// The field had a value: take it.
    case set(Value)
}

extension Change: Sendable where Value: Sendable {}
extension Change: Equatable where Value: Equatable {}
extension Change: Hashable where Value: Hashable {}
