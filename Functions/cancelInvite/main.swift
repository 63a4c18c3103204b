import FunctionRuntime

CancelInvite.main()
