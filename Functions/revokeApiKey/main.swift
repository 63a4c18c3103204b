import FunctionRuntime

RevokeAPIKey.main()
