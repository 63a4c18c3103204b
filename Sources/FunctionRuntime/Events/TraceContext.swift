/// The trace that a call is part of.
enum TraceContext {
    /// The trace id of a `traceparent` header (W3C Trace Context, section 3.2); nil when it is malformed.
    static func traceID(traceparent: String) -> String? {
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        // A later version may have more parts.
        guard parts.count == 4 || parts.count > 4 && parts[0] != "00",
            parts[0].utf8.count == 2, parts[0].isLowercaseHexadecimal, parts[0] != "ff",
            parts[2].utf8.count == 16, parts[2].isLowercaseHexadecimal
        else { return nil }
        return validated(parts[1])
    }

    /// The trace id of AWS X-Ray's `Root=1-8hex-24hex;Parent=…;Sampled=…`, in W3C form.
    static func traceID(xray header: String) -> String? {
        for field in header.split(separator: ";") {
            let parts = field.drop { $0 == " " }.split(separator: "-", omittingEmptySubsequences: false)
            if parts.count == 3, parts[0] == "Root=1", parts[1].utf8.count == 8 {
                return validated(parts[1] + parts[2])
            }
        }
        return nil
    }

    private static func validated(_ id: Substring) -> String? {
        guard id.utf8.count == 32, id.isLowercaseHexadecimal, id.contains(where: { $0 != "0" }) else { return nil }
        return String(id)
    }
}

extension Substring {
    fileprivate var isLowercaseHexadecimal: Bool {
        utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
