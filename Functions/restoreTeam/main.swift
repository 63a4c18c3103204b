import FunctionRuntime

RestoreTeam.main()
