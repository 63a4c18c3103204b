import FunctionRuntime

DeliverOutbox.main()
