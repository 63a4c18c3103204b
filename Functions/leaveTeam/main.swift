import FunctionRuntime

LeaveTeam.main()
