import FunctionRuntime

DeleteTeam.main()
