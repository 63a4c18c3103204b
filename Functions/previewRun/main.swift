import FunctionRuntime

PreviewRun.main()
