import FunctionRuntime

ListInvites.main()
