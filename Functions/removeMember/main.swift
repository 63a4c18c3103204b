import FunctionRuntime

RemoveMember.main()
