import FunctionRuntime

QueueStats.main()
