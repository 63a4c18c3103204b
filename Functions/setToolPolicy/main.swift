import FunctionRuntime

SetToolPolicy.main()
