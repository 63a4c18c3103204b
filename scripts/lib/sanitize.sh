# Runs tests under the compiler's sanitizers, for `scripts/check`.
#
# It builds only the modules that share memory between threads or use pointers. They are built in a separate package
# with the same sources, because a build with all functions would take several times as long.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root`, the caller `build`

# The tests of shared state in Core, System and Worker, and of the wrappers of C libraries.
readonly sanitized_tests=(CoreTests CryptographyTests HTTPClientTests PostgresTests WorkerTests)

# Runs the tests under a sanitizer, `address` or `thread`. Prints its reports to standard output.
sanitize() {
    local kind=$1 folder=$build/sanitize wrapper=() status=0
    sanitize_prepare "$folder/package"
    swift build --package-path "$folder/package" --scratch-path "$folder/$kind" --sanitize "$kind" --build-tests \
        >"$folder/$kind-build.log" 2>&1 || {
        grep -E '(^|[ `-])error: ' "$folder/$kind-build.log" | head -n 50
        fail "it does not build; the whole output is in $folder/$kind-build.log"
    }
    trap cluster_throwaway_stop EXIT
    cluster_throwaway_start "${cluster_for_tests[@]}"
    # With more random address bits, a program may not leave the address range that ThreadSanitizer needs.
    if (($(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 28) > 28)) && setarch --addr-no-randomize true 2>/dev/null
    then
        wrapper=(setarch --addr-no-randomize)
    fi
    env -u LLVM_PROFILE_FILE TEST_DATABASE_URL="$cluster_url" \
        ASAN_OPTIONS='detect_leaks=1:detect_stack_use_after_return=1' TSAN_OPTIONS='second_deadlock_stack=1' \
        "${wrapper[@]}" swift test --package-path "$folder/package" --scratch-path "$folder/$kind" --sanitize "$kind" \
        --skip-build --disable-xctest --parallel >"$folder/$kind.log" 2>&1 || status=$?
    # The exit status does not show a report in a program that a test started.
    if ((status == 0)) && grep -qE '^. Test run with [1-9]' "$folder/$kind.log" &&
        ! grep -qE '(ERROR|WARNING): [A-Za-z]*Sanitizer' "$folder/$kind.log"; then
        return 0
    fi
    sanitize_summary <"$folder/$kind.log"
    printf 'the whole output is in %s\n' "$folder/$kind.log"
    return 1
}

# Prints sanitizer reports and failed tests, each with the lines that locate the problem.
sanitize_summary() {
    awk '
        /(ERROR|WARNING): [A-Za-z]*Sanitizer/ { report = 40 }
        report > 0 { print; report -= 1 }
        /^SUMMARY: / { report = 0 }
        /^✘ |Fatal error/ { print }' | head -n 200
}

# Creates a package with the tests and their dependencies, because a sanitizer needs the whole program built for it.
sanitize_prepare() {
    local package=$1 folder
    mkdir -p "$package"
    for folder in Sources Tests Database; do
        ln -sfn "$root/$folder" "$package/$folder"
    done
    {
        cat "$root/Package.swift"
        printf '\nvar needed: Set = [%s]\n' "$(printf '"%s", ' "${sanitized_tests[@]}")"
        cat <<'END'
for _ in package.targets {
    for target in package.targets where needed.contains(target.name) {
        for dependency in target.dependencies {
            switch dependency {
            case .byNameItem(let name, _), .targetItem(let name, _): needed.insert(name)
            default: break
            }
        }
    }
}
package.targets.removeAll { !needed.contains($0.name) }
END
    } >"$package/Package.swift.new"
    # An unchanged file keeps its modification time, so that SwiftPM does not load the package again.
    if cmp -s "$package/Package.swift.new" "$package/Package.swift"; then
        rm "$package/Package.swift.new"
    else
        mv "$package/Package.swift.new" "$package/Package.swift"
    fi
}
