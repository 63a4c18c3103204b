import FunctionRuntime

RerunRun.main()
