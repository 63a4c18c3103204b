import FunctionRuntime

Purge.main()
