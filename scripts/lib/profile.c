/* Part of every program that is built for coverage: where its profile goes, and how that starts.
 *
 * With this variable the profile's runtime does not start itself. It changes the environment when it starts, so the
 * environment is put back where the kernel left it, for programs find their arguments there. */

extern char **environ;
void __llvm_profile_initialize(void);

int __llvm_profile_runtime;
const char __llvm_profile_filename[] = PROFILES "/%c%p.profraw";

__attribute__((constructor)) static void start(int count, char **arguments) {
    __llvm_profile_initialize();
    environ = arguments + count + 1;
}
