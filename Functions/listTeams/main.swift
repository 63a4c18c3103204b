import FunctionRuntime

ListTeams.main()
