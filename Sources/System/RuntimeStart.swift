#if !DEBUG
import Glibc

// What the Swift runtime does before `main`, done without `/proc`: a static binary may run in an empty root, and a cold
// call should not pay for what it does not use. Where these names are not linked to, they do nothing.

/// Stands in for the search for the crash reporter, `swift-backtrace`: ten system calls, and the end of the process
/// where it cannot find itself in `/proc`.
///
/// A static binary has no such program beside it.
@_cdecl("swift_copyAuxiliaryExecutablePath")
public func noAuxiliaryExecutable(_: UnsafePointer<CChar>?, _: UnsafePointer<CChar>?) -> UnsafePointer<CChar>? {
    nil
}

/// Stands in for the search for the arguments, which reads `/proc/self/maps`.
///
/// They are where the kernel put them: just below the environment, with their count before them and a null behind them
/// (System V ABI, "Initial Process Stack"). Nothing in a static binary changes the environment this early.
@_cdecl("_swift_stdlib_getUnsafeArgvArgc")
public func initialArguments(
    _ count: UnsafeMutablePointer<CInt>
) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
    let null = environ - 1
    var found = 0
    while UInt(bitPattern: null[-(found + 1)]) != UInt(found) { found += 1 }
    count.pointee = CInt(found)
    return null - found
}

/// Belongs to the search for the arguments; nobody replaces them here.
@_cdecl("_swift_stdlib_overrideUnsafeArgvArgc")
public func keepInitialArguments(_: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _: CInt) {}
#endif
