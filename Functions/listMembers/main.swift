import FunctionRuntime

ListMembers.main()
