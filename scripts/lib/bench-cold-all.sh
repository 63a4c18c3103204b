# `scripts/bench cold --all`: the time from spawn to exit of every endpoint.
# shellcheck shell=bash disable=SC2154 # bench-cold.sh and common.sh set what is used here

cold_all() {
    local name
    cold_bundle
    say 'bench: compiling the yardstick'
    cold_compile_spawn
    cold_compile_c replay "$cold_sources/c/replay.c"
    cold_install spawn "$cold_build/spawn"
    for name in "${functions[@]}"; do
        cold_install "$name" "$dist/$name"
    done
    cold_server
    # deliverOutbox requires these settings, although it has no mail to send.
    export NOFX_WEBHOOK_KEY=0123456789abcdef0123456789abcdef
    export NOFX_MAIL_FROM=bench@example.com NOFX_SMTP_URL=smtp://127.0.0.1:25
    rm -rf "$cold_build/calls"
    interruptibly cold_tool endpoints.py "$server_folder" "$cold_build/programs" "$cold_build" "$rounds" \
        >"$cold_build/endpoints.txt"
    {
        cold_machine
        cat "$cold_build/endpoints.txt"
    } | tee "$cold_build/report-all.txt"
}
