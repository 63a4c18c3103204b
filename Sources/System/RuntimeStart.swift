#if !DEBUG
/// Stands in for the Swift runtime's search for its crash reporter, `swift-backtrace`.
///
/// The runtime looks for it before `main`, in ten system calls, and ends the process when there is no `/proc` to find
/// itself by. A static binary has no such program beside it and may run in an empty root.
@_cdecl("swift_copyAuxiliaryExecutablePath")
public func noAuxiliaryExecutable(_: UnsafePointer<CChar>?, _: UnsafePointer<CChar>?) -> UnsafePointer<CChar>? {
    nil
}
#endif
