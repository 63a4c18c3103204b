import FunctionRuntime

SetAIBudget.main()
