import FunctionRuntime

RetryStep.main()
