/// Decides which traces are recorded, as `OTEL_TRACES_SAMPLER` names it.
public struct Sampler: Sendable, Hashable {
    /// Whether the decision of the caller counts, where there is one.
    let followsParent: Bool

    /// The share of traces that are recorded, from 0 to 1, by their identifiers.
    let ratio: Double

    /// Records what the caller records, and every trace that begins here.
    public static let usual = Sampler(followsParent: true, ratio: 1)

    /// Makes a sampler; nil for an unknown name, or an argument that is no number from 0 to 1.
    ///
    /// - Parameters:
    ///   - name: A name of the OpenTelemetry specification.
    ///   - argument: The share of traces, for names that end in `traceidratio`; all if it is not given.
    public init?(named name: String, argument: String?) {
        let parts = name.split(separator: "_", maxSplits: 1)
        let followsParent = parts.count == 2 && parts[0] == "parentbased"
        switch followsParent ? String(parts[1]) : name {
        case "always_on": self.init(followsParent: followsParent, ratio: 1)
        case "always_off": self.init(followsParent: followsParent, ratio: 0)
        case "traceidratio":
            let share = argument == nil ? 1 : argument.flatMap(Double.init)
            guard let share, (0...1).contains(share) else { return nil }
            self.init(followsParent: followsParent, ratio: share)
        default: return nil
        }
    }

    private init(followsParent: Bool, ratio: Double) {
        self.followsParent = followsParent
        self.ratio = ratio
    }

    /// Whether the spans below a place are recorded.
    func samples(_ place: TraceContext) -> Bool {
        // The place comes from a caller, or from the call itself, whose decision counts for its parts.
        if followsParent, let decision = place.isSampled { return decision }
        // The last seven bytes of an identifier are random (W3C Trace Context, level 2).
        let random = UInt64(place.traceID.suffix(14), radix: 16) ?? 0
        return Double(random) < ratio * Double(UInt64(1) << 56)
    }
}
