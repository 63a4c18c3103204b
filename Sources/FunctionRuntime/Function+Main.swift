import System

extension Function {
    /// Serves what the platform brings until it stops, or the one event there is.
    ///
    /// The transport is chosen by what the process finds in its environment, never by what an event says.
    public static func main() {
        Process.ignoreBrokenPipes()
        Process.exitOnTermination()
        let environment = Environment.current()
        if let address = environment["AWS_LAMBDA_RUNTIME_API"] {
            LambdaLoop<Self>(environment, address: address).serve()
        } else {
            StandardStreams<Self>(environment).serve()
        }
    }
}
