#!/bin/sh
# Installs Slurm and munge for tests/slurm, where apt-get and root are at hand. Never fails, says in one line what it did.
set -u
if command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v munged >/dev/null; then
    echo "Slurm: $(slurmctld -V) is there"
elif ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "Slurm: not installed, and no root with apt-get to install it: its tests are skipped"
else
    export DEBIAN_FRONTEND=noninteractive
    apt="apt-get -qq -o DPkg::Lock::Timeout=600"
    $apt update >/dev/null 2>&1
    if $apt install -y --no-install-recommends slurm-wlm munge >/dev/null 2>&1; then
        echo "Slurm: installed slurm-wlm and munge"
    else
        echo "Slurm: apt-get install slurm-wlm munge failed: its tests are skipped"
    fi
fi
exit 0
