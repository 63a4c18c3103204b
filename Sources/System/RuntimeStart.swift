#if !DEBUG
import Glibc

// Replacements for the Swift runtime's work before `main`. They need no `/proc`, because a static binary may run in an
// empty root file system, and they save system calls in a cold invocation. Where the runtime does not link to these
// names, they have no effect.

/// Replaces the search for the crash reporter `swift-backtrace`.
///
/// The original makes ten system calls, and it ends the process if it cannot find its own path in `/proc`. A static
/// binary has no crash reporter beside it.
@_cdecl("swift_copyAuxiliaryExecutablePath")
public func noAuxiliaryExecutable(_: UnsafePointer<CChar>?, _: UnsafePointer<CChar>?) -> UnsafePointer<CChar>? {
    nil
}

/// Replaces the search for the arguments, which reads `/proc/self/maps`.
///
/// The kernel places the arguments just below the environment, with their count before them and a null pointer behind
/// them (System V ABI, "Initial Process Stack"). No code in a static binary changes the environment before this call.
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

/// Belongs to the search for the arguments.
///
/// This program never overrides them.
@_cdecl("_swift_stdlib_overrideUnsafeArgvArgc")
public func keepInitialArguments(_: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, _: CInt) {}
#endif
