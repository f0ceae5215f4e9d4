#!/bin/sh
# Makes .venv-parallel: the packages of .venv, but h5py built against Debian's Open MPI and parallel HDF5, and that MPI.
#     tests/mpi/parallel-hdf5.sh .venv .venv-parallel
# Needs apt-get and root once, unless the libraries are there; the wheel (two minutes to build) is kept in the user's
# cache. Never fails: where the stack cannot be had it says why, and the tests of parallel HDF5 are skipped.
set -u
venv=$1 made=$2
h5py=3.16.0
python=$venv/bin/python
stamp=$made/.h5py-$h5py
[ -e "$stamp" ] && exit 0
give_up() { echo "parallel HDF5: not set up: $1"; exit 0; }

if ! pkg-config --exists hdf5-openmpi 2>/dev/null || ! command -v mpicc.openmpi >/dev/null; then
    command -v apt-get >/dev/null || give_up "no apt-get to install libhdf5-openmpi-dev with"
    [ "$(id -u)" = 0 ] || give_up "installing libhdf5-openmpi-dev needs root"
    echo "parallel HDF5: installing Debian's Open MPI and parallel HDF5"
    export DEBIAN_FRONTEND=noninteractive
    apt="apt-get -qq -o DPkg::Lock::Timeout=600"
    $apt update >/dev/null 2>&1
    $apt install -y --no-install-recommends libhdf5-openmpi-dev openmpi-bin pkg-config gcc libc6-dev >/dev/null 2>&1 \
        || give_up "apt-get install libhdf5-openmpi-dev openmpi-bin failed"
fi

tag=$("$python" -c 'import sys, platform; print(f"cp{sys.version_info[0]}{sys.version_info[1]}-{platform.machine()}")')
wheels=${XDG_CACHE_HOME:-$HOME/.cache}/hpcbip/h5py-$h5py-$(pkg-config --modversion hdf5-openmpi)-$tag
rm -rf "$made"
python3=$("$python" -c 'import sys; print(sys._base_executable)')
"$python3" -m venv --without-pip "$made" || give_up "no virtual environment"
pip="$python3 -m pip --python $made/bin/python --quiet --disable-pip-version-check"
if ! ls "$wheels"/h5py-*.whl >/dev/null 2>&1; then
    echo "parallel HDF5: building h5py $h5py, about two minutes, once"
    mkdir -p "$wheels"
    # no build isolation: it would compile mpi4py from source, which takes more memory than most machines have
    $pip install "Cython>=3,<4" "setuptools>=77" wheel pkgconfig numpy mpi4py || give_up "no build tools"
    $python3 -m pip --python "$made/bin/python" --version >/dev/null 2>&1
    # in half the time: two compilers at once, and no optimisation of what hardly computes
    printf '[build_ext]\nparallel = 2\n' >"$made/build.cfg"
    HDF5_MPI=ON CC=mpicc.openmpi HDF5_PKGCONFIG_NAME=hdf5-openmpi CFLAGS="-O0 -g0" DIST_EXTRA_CONFIG="$made/build.cfg" \
        $pip wheel --no-binary=h5py --no-build-isolation --no-deps --wheel-dir "$wheels" "h5py==$h5py" \
        || give_up "h5py did not build"
    rm -rf "$made"
    "$python3" -m venv --without-pip "$made"
fi
$pip install --no-deps "$wheels"/h5py-*.whl || give_up "h5py did not install"
# its own packages come first, so this h5py hides the one of .venv
"$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$("$made/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/hpcbip-shared.pth"
"$made/bin/python" -c 'import h5py; assert h5py.get_config().mpi' || give_up "this h5py has no MPI"
touch "$stamp"
