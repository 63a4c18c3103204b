import FunctionRuntime

RunWorker.main()
