import FunctionRuntime

InviteMember.main()
