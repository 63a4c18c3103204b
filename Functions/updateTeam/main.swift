import FunctionRuntime

UpdateTeam.main()
