/// An output that is answered as text where its caller asks for that rather than for JSON.
public protocol TextOutput: OutputValue {
    /// The types to ask for in `Accept`, in lower case and without parameters, such as `text/plain`.
    static var textTypes: [String] { get }

    /// What the text is, as `Content-Type` says it.
    static var textContentType: String { get }

    /// The output as text.
    var text: String { get }
}
