import FunctionRuntime

RunTimeline.main()
