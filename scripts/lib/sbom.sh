# The software bill of materials of a bundle: CycloneDX 1.5, JSON. It has neither a time nor a random number, so that the
# same sources give the same bytes.
# shellcheck shell=bash disable=SC2154 # common.sh sets `root` and `static_folder`, bundle.sh sets `functions`

# The names of Debian's source packages, the licenses, and the vendor and product in the names of vulnerability lists.
readonly sbom_facts='
libpq    postgresql-15  PostgreSQL                                postgresql:postgresql
libcurl  curl           curl                                      haxx:curl
openssl  openssl        Apache-2.0                                openssl:openssl
glibc    glibc          LGPL-2.1-or-later                         gnu:glibc
gcc-runtime gcc-12      GPL-3.0-or-later_WITH_GCC-exception-3.1   gnu:gcc
'

# Prints the bill of materials of the programs in dist/.
sbom_print() {
    local version=$1 name separator='' references=''
    printf '{\n  "bomFormat": "CycloneDX",\n  "specVersion": "1.5",\n  "version": 1,\n'
    printf '  "metadata": {"component": {"type": "application", "bom-ref": "nofx", "name": "nofx-control-plane", '
    printf '"version": "%s", "licenses": [{"license": {"id": "MIT"}}]}},\n  "components": [' "$version"
    for name in "${functions[@]}"; do
        printf '%s\n    {"type": "file", "bom-ref": "file:%s", "name": "%s", "version": "%s", ' "$separator" "$name" "$name" "$version"
        printf '"hashes": [{"alg": "SHA-256", "content": "%s"}]}' "$(sha256sum <"$root/dist/$name" | cut -d ' ' -f 1)"
        separator=,
    done
    sbom_libraries
    printf '\n  ],\n  "dependencies": [\n    {"ref": "nofx", "dependsOn": [%s]}' "$(sbom_list file: "${functions[@]}")"
    references=$(sbom_list library: libpq libcurl openssl glibc gcc-runtime swift)
    for name in "${functions[@]}"; do
        printf ',\n    {"ref": "file:%s", "dependsOn": [%s]}' "$name" "$references"
    done
    printf ',\n    {"ref": "library:libpq", "dependsOn": [%s]}' "$(sbom_list library: openssl)"
    printf ',\n    {"ref": "library:libcurl", "dependsOn": [%s]}\n  ]\n}\n' "$(sbom_list library: openssl)"
}

sbom_list() {
    local prefix=$1 name separator=''
    shift
    for name in "$@"; do
        printf '%s"%s%s"' "$separator" "$prefix" "$name"
        separator=', '
    done
}

# All that is linked into every program.
sbom_libraries() {
    local name package license product version upstream
    while read -r name package license product; do
        [[ -n $name ]] || continue
        version=$(sbom_version "$name")
        [[ -n $version ]] || fail "the version of $name is not known"
        upstream=${version#*:}
        upstream=${upstream%-*}
        sbom_library "$name" "$version" "${license//_/ }" "pkg:deb/debian/$package@$(sbom_encode "$version")?arch=source" \
            "cpe:2.3:a:$product:${upstream%%[+~]*}:*:*:*:*:*:*:*"
    done <<<"$sbom_facts"
    version=$(bundle_swift_version)
    sbom_library swift "$version" 'Apache-2.0 WITH Swift-exception' "pkg:generic/swift@$version" \
        "cpe:2.3:a:apple:swift:$version:*:*:*:*:*:*:*"
}

sbom_library() {
    printf ',\n    {"type": "library", "bom-ref": "library:%s", "name": "%s", "version": "%s", ' "$1" "$1" "$2"
    printf '"licenses": [{"expression": "%s"}], "purl": "%s", "cpe": "%s"}' "$3" "$4" "$5"
}

# scripts/static-libs built the first three. The others are the archives of the compiler's packages.
sbom_version() {
    case $1 in
    glibc) dpkg-query -W -f '${Version}' libc6-dev ;;
    gcc-runtime) dpkg-query -W -f '${Version}' libgcc-12-dev ;;
    *) awk -v name="$1" '$1 == name { print $2 }' "$static_folder/VERSIONS" ;;
    esac
}

# A version as a part of a package URL.
sbom_encode() {
    local version=${1//+/%2B}
    version=${version//:/%3A}
    printf '%s' "${version//\~/%7E}"
}
