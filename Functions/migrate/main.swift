import FunctionRuntime

Migrate.main()
