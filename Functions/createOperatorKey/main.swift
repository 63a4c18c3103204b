import FunctionRuntime

CreateOperatorKey.main()
