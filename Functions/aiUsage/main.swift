import FunctionRuntime

AIUsage.main()
