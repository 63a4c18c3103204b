import FunctionRuntime

ChatCompletions.main()
