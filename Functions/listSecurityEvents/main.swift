import FunctionRuntime

ListSecurityEvents.main()
