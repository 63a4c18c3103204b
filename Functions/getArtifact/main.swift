import FunctionRuntime

GetArtifact.main()
