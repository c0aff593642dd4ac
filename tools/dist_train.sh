#!/usr/bin/env bash
# Trains on several processes of one or more machines: GPUs, or CPU processes where there is no GPU.
#   tools/dist_train.sh CONFIG PROCESSES [options of tools/train.py]
# If a process fails, the others end within a minute and its error is the last line.
# Ctrl-C or SIGTERM: all processes save and end together.
# On several machines set NNODES, NODE_RANK and MASTER_ADDR (and PORT) on each.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG PROCESSES [options of tools/train.py]" >&2
    exit 1
fi
CONFIG=$1
PROCESSES=$2
GENZOO_COMMAND=$(printf '%q ' "$0" "$@")
export GENZOO_COMMAND                                      # for the hint how to go on
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export TORCH_ELASTIC_SHUTDOWN_TIMEOUT=${TORCH_ELASTIC_SHUTDOWN_TIMEOUT:-300}  # time to write a checkpoint
shift 2
exec "${PYTHON:-python}" -m genzoo.apis.launch "$PROCESSES" \
    "$(dirname "$0")/train.py" "$CONFIG" --launcher pytorch "$@"
