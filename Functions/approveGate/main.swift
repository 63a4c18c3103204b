import FunctionRuntime

ApproveGate.main()
