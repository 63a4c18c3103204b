import FunctionRuntime

RedriveDeadLetters.main()
