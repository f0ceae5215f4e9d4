#!/bin/sh
# Installs Chromium and its driver for the tests of the report, where apt-get and root are at hand. Never fails, says in one line what it did.
set -u
if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then
    echo "browser: $(chromium --version 2>/dev/null | head -n 1) is there"
elif ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "browser: no chromium and chromedriver, and no root with apt-get to install them: the tests of the report in a browser are skipped"
else
    export DEBIAN_FRONTEND=noninteractive
    apt="apt-get -qq -o DPkg::Lock::Timeout=600"
    $apt update >/dev/null 2>&1
    if $apt install -y --no-install-recommends chromium chromium-driver fonts-dejavu-core >/dev/null 2>&1; then
        echo "browser: installed chromium and chromium-driver"
    else
        echo "browser: apt-get install chromium chromium-driver failed: the tests of the report in a browser are skipped"
    fi
fi
exit 0
