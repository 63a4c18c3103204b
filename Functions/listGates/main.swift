import FunctionRuntime

ListGates.main()
