import FunctionRuntime

ListRuns.main()
