# The part of the tour of `deploy.sh local` that starts a run, processes it with a worker, and shows its timeline.
# shellcheck shell=bash disable=SC2154 # local-tour.sh sets the team and who calls

# Starts a run with parallel steps and a gate that a user other than the one who started the run decides. A worker
# processes the steps in the background, and the timeline is printed as it grows.
local_runs() {
    local run worker
    local_call startRun "{\"teamId\":\"$team\",\"plan\":$(local_plan)}"
    run=$(local_member_of "$answer" runId) || fail 'the response of startRun has no run id'
    rm -f "$folder_here/tour-ended"
    printf 'runWorker, in the background\n  event   {"budgetSeconds":120}\n'
    local_worker &
    worker=$!
    local_watch "$run"
    wait "$worker" || fail 'runWorker failed'
    local_call getArtifact "{\"teamId\":\"$team\",\"runId\":\"$run\",\"step\":\"report\",\"name\":\"report.md\"}"
    [[ -z $(local_provider) ]] || local_call getRun "{\"teamId\":\"$team\",\"runId\":\"$run\"}"
}

# A call of runWorker ends when there is no work. The loop calls it again until the run has ended, as a schedule would.
local_worker() {
    until [[ -e $folder_here/tour-ended ]]; do
        printf '{"budgetSeconds":120}' | local_function runWorker >>"$build/local.log" || return
        sleep 0.2
    done
}

local_plan() {
    local written=''
    # A failing provider must not make the tour fail.
    [[ -z $(local_provider) ]] || written='{"name":"haiku","tool":"codegen","onFailure":"continue",
        "retry":{"maxAttempts":1},
        "inputs":{"prompt":"Write a haiku about queues.","maxTokens":400,"filename":"haiku.md"}},'
    # The line breaks are only for readability. An event is one line.
    tr -d '\n' <<-END | sed 's/  */ /g'
	{"goal":"Publish the numbers","deadlineSeconds":60,"steps":[$written
	    {"name":"count","tool":"test:echo","inputs":{"total":42,"delaySeconds":1}},
	    {"name":"pause","tool":"wait:until","inputs":{"seconds":1}},
	    {"name":"report","tool":"artifact:write","dependsOn":["count","pause"],
	     "inputs":{"name":"report.md","content":"# Numbers: all counted."}},
	    {"name":"approve","tool":"gate:manual","dependsOn":["report"],
	     "inputs":{"role":"admin","fourEyes":true,"message":"May it be published?"}},
	    {"name":"publish","tool":"test:echo","dependsOn":["approve"],
	     "inputs":{"numbers":{"\$from":"count.total"},"sha256":{"\$from":"report.artifact.sha256"}}}]}
	END
}

# Prints a run's timeline until the run has ended, and approves the gate when it appears.
local_watch() {
    local run=$1 cursor='' page is_decided=no end=$((SECONDS + 120))
    printf 'runTimeline as %s, until the run has ended\n  event   {"teamId":"%s","runId":"%s","waitSeconds":5,…}\n' \
        "$caller" "$team" "$run"
    until [[ -e $folder_here/tour-ended ]]; do
        page=$(printf '{"teamId":"%s","runId":"%s","waitSeconds":5%s}' "$team" "$run" "$cursor" |
            local_function runTimeline) || fail "runTimeline failed: $page"
        grep -oE '\{"seq":[0-9]+,"type":"[a-z._]+","step":("[^"]*"|null),"at":"[^"]*"' <<<"$page" |
            sed -E 's/\{"seq":([0-9]+),"type":"([^"]*)","step":("([^"]*)"|null),"at":"[^T]*T([^"]*)"/  \5  \1  \2  \4/' || true
        cursor=",\"cursor\":\"$(local_member_of "$page" nextCursor)\"" || fail 'runTimeline returned no cursor'
        if [[ $is_decided == no && $page == *'"type":"gate.created"'* ]]; then
            is_decided=yes
            token=$approver caller=$approver_name local_call approveGate \
                "{\"teamId\":\"$team\",\"runId\":\"$run\",\"step\":\"approve\",\"reason\":\"Looks right.\"}"
        fi
        [[ $page != *'"ended":true'* ]] || touch "$folder_here/tour-ended"
        ((SECONDS < end)) || fail 'the run did not end in two minutes'
    done
}

# Prints a character if an AI provider is configured.
local_provider() {
    printf '%s' "${ANTHROPIC_API_KEY:-}${ANTHROPIC_BASE_URL:-}${OPENAI_API_KEY:-}${OPENAI_BASE_URL:-}${NOFX_PROVIDERS:-}" | head -c 1
}
