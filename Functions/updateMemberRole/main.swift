import FunctionRuntime

UpdateMemberRole.main()
