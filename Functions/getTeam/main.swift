import FunctionRuntime

GetTeam.main()
