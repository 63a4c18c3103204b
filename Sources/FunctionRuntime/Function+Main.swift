import System

extension Function {
    /// Serves what the platform brings until it stops, or the one event there is.
    ///
    /// The transport is chosen by what the process finds in its environment, never by what an event says.
    public static func main() {
        main(Command(name))
    }

    /// Does what `main()` does, with a command line that is not the whole of the process's.
    ///
    /// - Parameter command: How the endpoint was started.
    public static func main(_ command: Command) {
        Process.ignoreBrokenPipes()
        Process.exitOnTermination()
        let environment = Environment.current()
        if let address = environment["AWS_LAMBDA_RUNTIME_API"] {
            LambdaLoop<Self>(environment, address: address).serve()
        } else {
            StandardStreams<Self>(environment, command).serve()
        }
    }
}
