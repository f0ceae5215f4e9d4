"""Compiling the kernel: in two processes where there are two cores, and telling how far it is.

Compiling is type inference in Python and LLVM's work, both on one core. The functions of the kernel are
independent but for those that they share, so a helper compiles the families of `HELPERS_SHARE` into a folder
of its own while this process compiles the others; what both need is compiled twice, which costs less than
waiting. Then this process takes over the helper's machine code and compiles the loop. Two processes that
write to one folder would take the same names for different files.

    python -m hpcbip.qmc.compilation FOLDER [DIMENSION]    # the helper; the dimension of plain models
"""

from __future__ import annotations

import gc
import inspect
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hpcbip.qmc.chain import Chain, small_chain
from hpcbip.qmc.cycle import run_bins
from hpcbip.qmc.estimators.measure import measure
from hpcbip.qmc.kernel.jit import Kernel, machine_code_folder, use_folder
from hpcbip.qmc.kernel.specialisation import plain_dimension
from hpcbip.qmc.updates.bridges import invert_bridge
from hpcbip.qmc.updates.corners import flip_corner
from hpcbip.qmc.updates.ends import move_end
from hpcbip.qmc.updates.joins import exchange_partners, join_hop
from hpcbip.qmc.updates.jumps import jump
from hpcbip.qmc.updates.kinks import change_kinks
from hpcbip.qmc.updates.reflections import reflect
from hpcbip.qmc.updates.triangles import split_or_merge
from hpcbip.qmc.updates.vertices import change_lines

# Each costs about half of the time, the start of the helper included.
HELPERS_SHARE = (measure, jump, reflect)
OWN_SHARE = (
    move_end,
    change_kinks,
    split_or_merge,
    flip_corner,
    change_lines,
    invert_bridge,
    exchange_partners,
    join_hop,
)

Show = Callable[[int, int], None]
"""Takes how many functions are compiled, of how many."""


@contextmanager
def compiling_in_parallel(chain: Chain, show: Show) -> Iterator[None]:
    """Within this context the chain's first block compiles its kernel on two cores.

    If its machine code is in the cache, nothing happens.

    Args:
        chain: a chain.
        show: called whenever a function has been compiled, and once before the first one.
    """
    from numba.core import event  # the compiler, which is loaded late (`hpcbip.qmc.kernel.jit`)

    dimension = plain_dimension(chain.ensemble.parameters)

    class Watcher(event.Listener):  # type: ignore[misc]
        begun = False
        folders: tuple[Path, ...] = (machine_code_folder(),)
        expected = {kernel.index_name for kernel in chain.kernel.reached()}

        def show(self) -> None:
            names = {path.name for folder in self.folders for path in folder.glob("*/*.nbi")}
            show(len(names & self.expected), len(self.expected))

        def on_start(self, _: Any) -> None:
            if not self.begun:
                self.begun = True
                self.show()
                with _helper(machine_code_folder(), dimension) as folder:
                    self.folders += (folder,)
                    compile_share(OWN_SHARE, chain, dimension)
                self.folders = self.folders[:1]

        def on_end(self, _: Any) -> None:
            self.show()

    with event.install_listener("numba:compile", Watcher()), without_garbage_collection():
        yield


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Switch Python's search for cycles off: a fifth of the compiler's time, and it finds next to nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def compile_share(share: tuple[Kernel, ...], chain: Chain, dimension: int | None) -> None:
    """Compile functions that the kernel of a chain calls, as it will call them, for plain models of a
    dimension or for all."""
    import numba

    names = inspect.signature(run_bins).parameters
    known: Mapping[str, Any] = {
        name: numba.typeof(value) for name, value in zip(names, chain.kernel_arguments(), strict=True)
    }
    vector = numba.float64[::1]
    known = {**known, "row": vector, "position": vector, "wave_parts": known["waves"]}
    for called in share:
        types = tuple(known[name] for name in inspect.signature(called).parameters)
        called.variant(dimension).compile(types)


@contextmanager
def _helper(folder: Path, dimension: int | None) -> Iterator[Path]:
    """Run the helper, where there is a core for it; yields its folder, whose files are then taken over.

    A helper that fails leaves its work to this process.
    """
    with tempfile.TemporaryDirectory(prefix="helper-", dir=folder.parent) as name:
        process = None
        if _cores() > 1 and sys.executable:
            command = [sys.executable, "-P", "-m", "hpcbip.qmc.compilation", name]
            command += [] if dimension is None else [str(dimension)]
            path = os.pathsep.join(folder or os.getcwd() for folder in sys.path)  # the same package as here
            none = subprocess.DEVNULL
            with suppress(OSError):
                process = subprocess.Popen(
                    command, env=os.environ | {"PYTHONPATH": path}, stdin=none, stdout=none, stderr=none
                )
        try:
            yield Path(name)
            if process is not None and process.wait() == 0:
                take_over(Path(name), folder)
        finally:
            if process is not None:
                process.kill()
                process.wait()


def take_over(source: Path, target: Path) -> None:
    """Move the machine code of functions of which the target has none; an index follows its files."""
    for index in sorted(source.glob("*/*.nbi")):
        place = target / index.parent.name
        if not (place / index.name).exists():
            place.mkdir(exist_ok=True)
            for file in (*index.parent.glob(f"{index.stem}.*.nbc"), index):
                os.replace(file, place / file.name)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """Compile the helper's share into the folder that is the first argument."""
    folder, *rest = sys.argv[1:]
    use_folder(Path(folder))
    with without_garbage_collection():  # the arguments have the same types for all models
        compile_share(HELPERS_SHARE, small_chain(), int(rest[0]) if rest else None)


if __name__ == "__main__":
    main()
