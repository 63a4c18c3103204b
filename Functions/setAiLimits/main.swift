import FunctionRuntime

SetAILimits.main()
