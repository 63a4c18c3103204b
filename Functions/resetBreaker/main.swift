import FunctionRuntime

ResetBreaker.main()
