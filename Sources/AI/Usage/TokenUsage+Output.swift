public import Base

extension TokenUsage: OutputValue {
    public static var rule: String { "object of counts" }
}
