import FunctionRuntime

StartRun.main()
