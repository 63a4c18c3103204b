import FunctionRuntime

GetRun.main()
