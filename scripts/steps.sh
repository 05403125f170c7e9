# SPDX-License-Identifier: Apache-2.0
# Steps, some beside one another, whose output is read as if they had come one by one: each is printed with its name and
# its seconds, in one piece. A step that fails stops no other; end_steps reports it. Read by `source`.
# shellcheck shell=bash
steps="$(mktemp -d)"
groups=()

# start COMMAND...: in a process group of its own, which ends when this shell does. The last in `groups`.
start() {
    set -m
    "$@" </dev/null &
    set +m
    groups+=($!)
}

# run COMMAND...: a step, printed as it goes.
run() {
    local -r started=$SECONDS
    local code=0
    printf '== %s ...\n' "$*"
    start "$@"
    wait "${groups[-1]}" || code=$?
    note_end "$code" $((SECONDS - started)) "$*"
}

# run_quietly COMMAND...: a step, printed when it has ended.
run_quietly() {
    local -r started=$SECONDS log="$steps/log.$BASHPID.$SECONDS"
    local code=0
    "$@" >"$log" 2>&1 || code=$?
    {
        flock 9
        printf '== %s:\n' "$*"
        cat "$log"
        note_end "$code" $((SECONDS - started)) "$*"
    } 9>"$steps/lock"
}

note_end() {
    local how=passed
    if [ "$1" -ne 0 ]; then
        how="FAILED ($1)"
        printf '%s\n' "$3" >>"$steps/failed"
    fi
    printf '== %s: %s, %d s\n' "$3" "$how" "$2"
}

# end_steps: wait for all, and end with the names of those that failed.
end_steps() {
    local group
    for group in "${groups[@]}"; do wait "$group" || true; done
    printf '== all: %d s\n' "$SECONDS"
    [ -s "$steps/failed" ] || return 0
    sed 's/^/failed: /' "$steps/failed" >&2
    return 1
}

leave() {
    local group
    for group in "${groups[@]}"; do
        # The shell knows a number for as long as it has not waited for it; a group whose leader is gone may go on.
        kill -TERM -- "-$group" 2>/dev/null || true
    done
    wait
    rm -rf "$steps"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
