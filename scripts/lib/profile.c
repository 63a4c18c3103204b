/* Part of every program that is built for coverage: says where its profile goes, also in an empty environment. */

const char __llvm_profile_filename[] = PROFILES "/%c%p.profraw";
