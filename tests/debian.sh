#!/bin/sh
# debian.sh NAME COMMANDS PACKAGES: installs Debian's PACKAGES for tests that need COMMANDS, where apt-get and root are at hand.
# Never fails, says in one line what it did; without them the tests of NAME are skipped.
set -u
name=$1 commands=$2 packages=$3 missing=
for command in $commands; do
    command -v "$command" >/dev/null || missing="$missing $command"
done
if [ -z "$missing" ]; then
    echo "$name: there"
elif ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "$name: no$missing, and no root with apt-get to install it: its tests are skipped"
else
    export DEBIAN_FRONTEND=noninteractive
    apt="apt-get -qq -o DPkg::Lock::Timeout=600"
    $apt update >/dev/null 2>&1
    # shellcheck disable=SC2086  # several packages
    if $apt install -y --no-install-recommends $packages >/dev/null 2>&1; then
        echo "$name: installed $packages"
    else
        echo "$name: apt-get install $packages failed: its tests are skipped"
    fi
fi
exit 0
