import FunctionRuntime

ListAPIKeys.main()
