import FunctionRuntime

AIHealth.main()
