# `deploy.sh bundle`: builds every endpoint as a static program, and one program with all endpoints.
# shellcheck shell=bash disable=SC2154,SC2034 # common.sh sets `root` and reads `dry_run`

# shellcheck source-path=SCRIPTDIR source=sbom.sh
source "$root/scripts/lib/sbom.sh"

readonly bundle_help="Usage: ./deploy.sh bundle [--functions NAME,NAME] [--architecture ARCHITECTURE] [--dry-run]

Builds every endpoint, and the program nofx with all endpoints, as static and stripped programs dist/<name>. Packs each
of them into dist/zip/<name>.zip, in which the program is named bootstrap, as AWS Lambda wants it. Writes
dist/manifest.json with their sizes, their SHA-256 digests and the versions of the product and its libraries, and
dist/sbom.cdx.json, the software bill of materials (CycloneDX 1.5) with what is linked into them. The same sources in
the same folder give the same bytes, zips included. The libraries are the newest that the distribution lists;
scripts/static-libs --help describes what happens if the mirror lacks one of them.

  --functions     build only these; the default is every folder of Functions/, and nofx
  --architecture  x86_64 or arm64; the default is the architecture of this machine. The static libraries are built for
                  this machine, so a bundle for the other architecture is built on a machine of that architecture
  --dry-run       print the commands, run nothing"

# Debug information contains the modification times of files. It is stripped, but the linker's build id depends on it.
readonly static_flags=(
    --static-swift-stdlib
    -Xswiftc -static-executable
    -Xswiftc -use-ld=lld
    -Xswiftc -gnone
    -Xlinker -s
    -Xlinker --build-id=none
)

bundle_main() {
    local functions=() dry_run=no all=no architecture
    architecture=$(bundle_machine)
    bundle_arguments "$@"
    bundle_select
    run "$root/scripts/setup" bundle
    run "$root/scripts/static-libs"
    bundle_build
    [[ $dry_run == no ]] || return 0
    bundle_collect
    sbom_print "$(bundle_version)" >"$root/dist/sbom.cdx.json"
    bundle_manifest >"$root/dist/manifest.json.new"
    mv "$root/dist/manifest.json.new" "$root/dist/manifest.json"
    say "bundle: ${#functions[@]} programs for $architecture in dist/, $(du -sh "$root/dist" | cut -f 1)"
    say "bundle: try   dist/${functions[0]} --help"
}

bundle_arguments() {
    while (($# > 0)); do
        case $1 in
        --functions)
            [[ -n ${2:-} ]] || wrong_usage '--functions takes names, separated by commas'
            IFS=, read -r -a functions <<<"$2"
            shift
            ;;
        --architecture)
            [[ ${2:-} =~ ^(x86_64|arm64)$ ]] || wrong_usage '--architecture takes x86_64 or arm64'
            [[ $2 == "$architecture" ]] || bundle_other_architecture "$2"
            shift
            ;;
        --dry-run) dry_run=yes ;;
        -h | --help)
            printf '%s\n' "$bundle_help"
            exit 0
            ;;
        *) wrong_usage "unknown argument '$1'" ;;
        esac
        shift
    done
}

# Prints the architecture of this machine by Lambda's name for it.
bundle_machine() {
    case $(uname -m) in
    aarch64 | arm64) printf arm64 ;;
    *) uname -m ;;
    esac
}

# The Swift toolchain can build for another architecture if it has an SDK. The static libraries cannot.
bundle_other_architecture() {
    local sdk=${1/arm64/aarch64}
    swift sdk list 2>/dev/null | grep -q "$sdk" || fail "this Swift toolchain has no SDK for $1, and this machine is \
$architecture; run ./deploy.sh bundle on a machine that is $1"
    fail "scripts/static-libs builds libraries for $architecture only; run ./deploy.sh bundle on a machine that is $1"
}

# All endpoints are folders of Functions/. Programs for developers are in other folders and are never bundled.
bundle_select() {
    local name folder
    if ((${#functions[@]} == 0)); then
        all=yes
        functions+=(nofx)
        for folder in "$root"/Functions/*/; do
            [[ -d $folder ]] && functions+=("$(basename "$folder")")
        done
    fi
    ((${#functions[@]} > 0)) || fail 'there is no function in Functions/'
    for name in "${functions[@]}"; do
        [[ $name == nofx || $name =~ ^[A-Za-z][A-Za-z0-9]*$ && -d $root/Functions/$name ]] || wrong_usage "there is no function '$name'"
    done
    mapfile -t functions < <(printf '%s\n' "${functions[@]}" | LC_ALL=C sort -u)
}

# SwiftPM builds either one product or everything except the tests. Building everything includes the programs for
# developers, but takes less than half the time of building product by product.
bundle_build() {
    local name
    if [[ $all == yes ]]; then
        say "bundle: building ${#functions[@]} programs"
        bundle_swift
        return
    fi
    for name in "${functions[@]}"; do
        say "bundle: building $name"
        bundle_swift --product "$name"
    done
}

bundle_swift() {
    run env PKG_CONFIG_PATH="$static_folder/lib/pkgconfig" swift build --package-path "$root" \
        --scratch-path "$static_folder/build" --configuration release --quiet "${static_flags[@]}" "$@"
}

# Only checked files are copied to dist/, and dist/ contains only programs that its manifest lists.
bundle_collect() {
    local name built stage=$root/dist.new
    rm -rf "$stage"
    mkdir -p "$stage/zip"
    for name in "${functions[@]}"; do
        built=$static_folder/build/release/$name
        bundle_check "$built"
        install -m 755 "$built" "$stage/$name"
    done
    say "bundle: packing ${#functions[@]} zips"
    export -f bundle_zip
    printf '%s\n' "${functions[@]}" | xargs -P "$(nproc)" -I '{}' bash -euc 'bundle_zip "$@"' bundle '{}' "$stage" "$root/dist"
    rm -rf "$root/dist"
    mv "$stage" "$root/dist"
}

# bundle_zip NAME STAGE EARLIER: packs a program. A zip contains times, modes and owners, so all of them are set here:
# the same program always gives the same zip. Takes the zip of an earlier bundle if its program is the same.
bundle_zip() {
    local name=$1 stage=$2 earlier=$3 folder=$2/zip/$1
    if [[ -f $earlier/zip/$name.zip ]] && cmp -s "$earlier/$name" "$stage/$name" &&
        cmp -s "$stage/$name" <(unzip -p "$earlier/zip/$name.zip" bootstrap); then
        cp "$earlier/zip/$name.zip" "$folder.zip"
        return
    fi
    mkdir "$folder"
    install -m 755 "$stage/$name" "$folder/bootstrap"
    TZ=UTC touch -d '1980-01-01 00:00:00' "$folder/bootstrap"
    (cd "$folder" && TZ=UTC zip -X -9 -q "$folder.zip" bootstrap)
    rm -r "$folder"
}

bundle_check() {
    local file=$1 name
    name=$(basename "$file")
    [[ -f $file ]] || fail "the build made no $name; is it declared in Package.swift?"
    if readelf --program-headers --wide "$file" | grep -q INTERP || readelf --dynamic "$file" | grep -q NEEDED; then
        fail "$name is not fully static"
    fi
    if readelf --sections --wide "$file" | grep -q ' \.symtab '; then
        fail "$name is not stripped"
    fi
    # A stripped file still contains the names of types: `$s` and the length of the module's name precede the module's
    # name.
    # shellcheck disable=SC2016 # the dollar sign is part of the name
    if grep -aqE '\$s(10Foundation|20FoundationEssentials|22_FoundationCollections)' "$file"; then
        fail "$name contains Foundation; find its import and remove it"
    fi
    # shellcheck disable=SC2016
    if grep -aqE '\$s17_StringProcessing' "$file"; then
        fail "$name links the library's regular expressions (0.5 MB zipped): it searches or splits by a collection"
    fi
}

# MARK: - The manifest

bundle_manifest() {
    local name version newest separator=''
    version=$(bundle_version)
    printf '{\n  "version": "%s",\n' "$version"
    bundle_commit
    printf '  "architecture": "%s",\n' "$architecture"
    printf '  "swift": "%s",\n  "libraries": {' "$(bundle_swift_version)"
    while read -r name version _; do
        printf '%s\n    "%s": "%s"' "$separator" "$name" "$version"
        separator=,
    done <"$static_folder/VERSIONS"
    printf '\n  },\n  "newerLibraries": {'
    separator=''
    while read -r name version newest; do
        [[ -n $newest ]] || continue
        printf '%s\n    "%s": "%s"' "$separator" "$name" "$newest"
        separator=,
    done <"$static_folder/VERSIONS"
    printf '\n  },\n  "functions": ['
    separator=''
    for name in "${functions[@]}"; do
        printf '%s\n    {"name": "%s", %s, "zip": {%s}}' "$separator" "$name" \
            "$(bundle_file "$root/dist/$name")" "$(bundle_file "$root/dist/zip/$name.zip")"
        separator=,
    done
    printf '\n  ]\n}\n'
}

bundle_file() {
    printf '"bytes": %s, "sha256": "%s"' "$(stat -c %s "$1")" "$(sha256sum <"$1" | cut -d ' ' -f 1)"
}

# The source of `--version` is the only place that defines the version.
bundle_version() {
    local version
    version=$(sed -nE 's/.*static let product = "([^"]+)".*/\1/p' "$root/Sources/FunctionRuntime/Version.swift")
    [[ -n $version ]] || fail 'no version found in Sources/FunctionRuntime/Version.swift'
    printf '%s' "$version"
}

# The manifest names the commit only if the checkout has no changes, because only then it identifies the sources.
bundle_commit() {
    local commit
    commit=$(git -C "$root" rev-parse --verify --quiet HEAD 2>/dev/null) || return 0
    [[ -z $(git -C "$root" status --porcelain 2>/dev/null) ]] || return 0
    printf '  "commit": "%s",\n' "$commit"
}

bundle_swift_version() {
    swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9.]+).*/\1/p' | head -n 1
}
