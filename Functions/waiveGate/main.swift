import FunctionRuntime

WaiveGate.main()
