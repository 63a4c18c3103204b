import FunctionRuntime

ListDeadLetters.main()
