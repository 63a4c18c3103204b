import FunctionRuntime

CreateWebhook.main()
