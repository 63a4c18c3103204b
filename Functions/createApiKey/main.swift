import FunctionRuntime

CreateAPIKey.main()
