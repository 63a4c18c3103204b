import FunctionRuntime

ListActivity.main()
