
# Slurm's signals come to this script: before the limit (--signal), at a preemption, at scancel. bash handles them at once
# only while it waits, so hpcbip runs in the background. It finishes the blocks in hand, saves, and ends with status 3.
asked=
trap 'asked=yes interrupted=yes; kill -USR1 "${run:-}" 2>/dev/null' USR1 TERM
launch &
run=$!
until interrupted=; wait "$run"; status=$?; [ -z "$interrupted" ]; do :; done
if [ -n "${HPCBIP_STATUS_FILE:-}" ]; then
    [ ! -s "$HPCBIP_STATUS_FILE" ] || status=$(cat "$HPCBIP_STATUS_FILE")
    rm -f "$HPCBIP_STATUS_FILE"
fi

# Requeued is what was stopped before its targets were met (3), or ended by signals and by the notice of a preemption.
case $status in
0 | 2) exit "$status" ;; # done; bad input, which another run does not cure
3) ;;
*) [ -n "$asked" ] || scontrol show job "$job" | grep -q 'PreemptTime=[0-9]' || exit "$status" ;;
esac
# Slurm has ended the job already: cancelled means cancelled, and a preemption has requeued it.
case $(squeue --noheader --job "$job" --format %T) in
RUNNING | SIGNALING) ;;
*) exit "$status" ;;
esac
# Every block leaves a checkpoint. Where two runs in a row have left none, a third would not either.
state=$(ls -l --full-time "$directory/checkpoints" 2>/dev/null | cksum)
echo "$state" >>"$directory.requeues" || exit "$status"
if [ "$(grep -cxF "$state" "$directory.requeues")" -gt 2 ]; then
    echo "hpcbip: $directory: two runs in a row finished no block: not requeued; allowed: a longer --time" >&2
    exit "$status"
fi
scontrol requeue "$job"
exit "$status"
