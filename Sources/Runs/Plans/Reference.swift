public import Base

/// A part of a step's outputs, as in `{"$from":"step.member.0"}`.
public struct Reference: Hashable, Sendable {
    /// The step.
    public let step: String

    /// The members, and the numbers of elements, that lead from its outputs to the part; none for all of them.
    public let path: [String]

    /// Reads what follows `$from`; nil where it begins with the name of no step.
    ///
    /// Names of steps may contain dots, so the longest name that fits is meant.
    ///
    /// - Parameters:
    ///   - text: The name of a step, and what leads on, each after a `.`.
    ///   - isStep: Whether there is a step of a name.
    public init?(_ text: String, isStep: (String) -> Bool) {
        var end: String.Index? = text.endIndex
        while let boundary = end {
            let name = text[..<boundary]
            // No name has more bytes; a plan full of long references would take long to look through.
            if name.utf8.count <= 800, isStep(String(name)) {
                step = String(name)
                path = text[boundary...].utf8.split(separator: UInt8(ascii: ".")).compactMap(String.init)
                return
            }
            end = text[..<boundary].utf8.lastIndex(of: UInt8(ascii: "."))
        }
        return nil
    }

    /// The part of a step's outputs that is meant; nil where there is none.
    public func part(of outputs: JSONValue) -> JSONValue? {
        var value = outputs
        for member in path {
            let next = value.kind == .array ? value.element(member) : value[member]
            guard let next else { return nil }
            value = next
        }
        return value
    }
}

extension JSONValue {
    /// The element of an array that a text of decimal digits names.
    fileprivate func element(_ number: String) -> JSONValue? {
        let digits = number.utf8
        guard (1...9).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let index = Int(number),
            index < count
        else { return nil }
        for (position, element) in elements.enumerated() where position == index { return element }
        return nil
    }
}
