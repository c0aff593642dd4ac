#!/usr/bin/env bash
# Trains as a slurm job.
#   [GPUS=8] [GPUS_PER_NODE=8] [CPUS_PER_TASK=5] [PORT=...] [SRUN_ARGS=...] \
#       tools/slurm_train.sh PARTITION JOB_NAME CONFIG WORK_DIR [options of tools/train.py]
# If a process fails, slurm ends the others, and its error is the last line.
# Before the time limit, `SRUN_ARGS="--signal=TERM@120"` asks slurm for a SIGTERM, upon which the
# run saves a checkpoint; go on with the same command and --resume.
set -euo pipefail
if [ $# -lt 4 ]; then
    echo "usage: $0 PARTITION JOB_NAME CONFIG WORK_DIR [options of tools/train.py]" >&2
    exit 1
fi
GPUS=${GPUS:-8}
GPUS_PER_NODE=${GPUS_PER_NODE:-8}
for number in "$GPUS" "$GPUS_PER_NODE"; do
    if ! [[ $number =~ ^[1-9][0-9]*$ ]]; then
        echo "error: GPUS=$GPUS GPUS_PER_NODE=$GPUS_PER_NODE: must be whole numbers, 1 or more." >&2
        exit 1
    fi
done
GPUS_PER_NODE=$((GPUS < GPUS_PER_NODE ? GPUS : GPUS_PER_NODE))
GENZOO_COMMAND=$(printf '%q ' "$0" "$@")
export GENZOO_COMMAND                                      # for the hint how to go on
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
if [ -n "${PORT:-}" ]; then export MASTER_PORT=$PORT; fi   # else from the numbers of job and step
mkdir -p "$4"
GENZOO_FAILURES=$(mktemp -d "$4/.failures.XXXXXX")         # where failing processes leave their last words
export GENZOO_FAILURES
trap 'rm -rf "$GENZOO_FAILURES"' EXIT
# shellcheck disable=SC2086  # SRUN_ARGS holds several words
srun --partition="$1" --job-name="$2" --gres="gpu:$GPUS_PER_NODE" \
    --ntasks="$GPUS" --ntasks-per-node="$GPUS_PER_NODE" --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$(dirname "$0")/train.py" "$3" --work-dir "$4" --launcher slurm "${@:5}" &
JOB=$!
trap 'kill -TERM "$JOB" 2>/dev/null || true' TERM           # srun passes it on; the run saves and ends
trap 'kill -INT "$JOB" 2>/dev/null || true' INT
status=0
wait "$JOB" || status=$?
while kill -0 "$JOB" 2>/dev/null; do                        # a signal ended the wait, not the run
    status=0
    wait "$JOB" || status=$?
done
for words in "$GENZOO_FAILURES"/cause-* "$GENZOO_FAILURES"/consequence-*; do
    if [ -f "$words" ]; then cat "$words" >&2; break; fi   # named by their time: the first is the cause
done
exit "$status"
