import FunctionRuntime

CreateTeam.main()
