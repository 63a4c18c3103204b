import FunctionRuntime

TransferOwnership.main()
