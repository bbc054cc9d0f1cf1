#!/usr/bin/env bash
# A crash-consistency campaign as an array of Slurm jobs, each of which does one part of the work.
#
#   sbatch --parsable slurm-array.sh fs                                        a built-in backend
#   sbatch --parsable slurm-array.sh --claims my.claims.toml -- ./my-backend   one of your own
#
# What follows the script is handed to `crashworthy certify`; the profile may be among it. When all are done, put the
# parts together (JOB is what sbatch printed; afterany, because a part that refutes a claim fails):
#
#   sbatch --dependency=afterany:JOB --wrap 'crashworthy merge crashworthy-runs/shard-* --out crashworthy-runs/all'
#
# All parts need the same array (from 1), arguments and commit, and a folder that all nodes share.
#SBATCH --job-name=crashworthy
#SBATCH --array=1-4
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --time=02:30:00
#SBATCH --output=crashworthy-%a.log
set -euo pipefail

if [[ -z ${SLURM_ARRAY_TASK_ID:-} ]]; then
  echo "this is a job array's script: submit it with sbatch" >&2
  exit 2
fi
if [[ ${SLURM_ARRAY_TASK_MIN:-1} != 1 || $SLURM_ARRAY_TASK_MAX != "$SLURM_ARRAY_TASK_COUNT" ]]; then
  echo "the array has to be 1-N without gaps, as in --array=1-4; else parts of the work are nobody's" >&2
  exit 2
fi

runs=${CRASHWORTHY_RUNS:-crashworthy-runs}
exec "${CRASHWORTHY:-crashworthy}" certify \
  --partition "hash:$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
  --jobs "${SLURM_CPUS_PER_TASK:-1}" \
  --out "$runs/shard-$SLURM_ARRAY_TASK_ID" \
  "$@"
