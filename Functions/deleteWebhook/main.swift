import FunctionRuntime

DeleteWebhook.main()
