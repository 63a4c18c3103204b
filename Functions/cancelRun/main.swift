import FunctionRuntime

CancelRun.main()
