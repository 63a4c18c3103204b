import FunctionRuntime

ListWebhooks.main()
