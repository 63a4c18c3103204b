import FunctionRuntime

AcceptInvite.main()
