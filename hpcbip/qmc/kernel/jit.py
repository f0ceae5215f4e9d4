"""Decorators that compile the functions of the hot loop, and where their machine code is stored.

numba is imported, and a function compiled, when it is first called: importing the sampler's modules costs
neither, so that columns, parameters and descriptions of ensembles are at hand without a compiler.

`error_model="numpy"` drops the division checks. No `fastmath`: reordered sums would make bins depend on the
compiler. numba's cache looks only at the file of the function it stores, not at the functions inlined into
it; a change in one file would leave stale machine code in another. So the cache lies in a directory named by
a hash of all sources of the kernel. Whoever can write into it can have his code run by those who read it:
numba's index files are pickles. So it is used only where nobody else can.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, cached_property, partial, update_wrapper
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from hpcbip.files import is_private
from hpcbip.messages import print_message
from hpcbip.qmc.kernel.specialisation import attributes, global_values, specialised


@cache
def cache_directory() -> Path:
    """Return the folder of the machine code of this version of the kernel.

    It lies below NUMBA_CACHE_DIR if that is set, else below the user's cache directory, else below the
    temporary one; where none of these is the user's alone, it is a new one that goes with this process.
    """
    digest = hashlib.sha256()
    folder = Path(__file__).parents[1]  # all of qmc
    for source in sorted(folder.rglob("*.py")):
        digest.update(source.relative_to(folder).as_posix().encode() + b"\0" + source.read_bytes())
    name = f"kernel-{digest.hexdigest()[:16]}"
    for parent in _parents():
        if (directory := _private_folder(parent, name)) is not None:
            return directory
    temporary = Path(tempfile.mkdtemp(prefix="hpcbip-kernel-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    print_message(
        f"hpcbip: {parent}: not this user's alone: the kernel's machine code is not kept, and compiled "
        "at every start; NUMBA_CACHE_DIR=DIRECTORY names another place for it"
    )
    return temporary


def _parents() -> Iterator[Path]:
    """Yield the folders in which the machine code may lie, the best first."""
    given = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    with suppress(RuntimeError):  # no home at all
        yield Path(given or Path.home() / ".cache") / "hpcbip"
    yield Path(tempfile.gettempdir()) / f"hpcbip-{os.getuid()}"


def _private_folder(parent: Path, name: str) -> Path | None:
    """Make a folder if need be; None if it cannot be written, or others can change it."""
    try:
        parent.parent.mkdir(parents=True, exist_ok=True)
        parent.mkdir(mode=0o700, exist_ok=True)
        folder = parent.resolve() / name
        folder.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder if is_private(folder) else None
    except (OSError, RuntimeError):  # RuntimeError: links that lead in a circle
        return None


def machine_code_folder() -> Path:
    """Return the folder for the functions that others call: below it numba keeps a folder per module."""
    return cache_directory() / "called" if _folder is None else _folder


def use_folder(folder: Path) -> None:
    """Keep the functions that others call in this folder from now on; those compiled before are not moved."""
    global _folder
    _folder = folder


_folder: Path | None = None


class Kernel:
    """A function of the hot loop, compiled at its first call from Python or use by another kernel.

    Python calls a function through wrappers, which cost as much time of the compiler as the small functions
    themselves. So there are two dispatchers: one with wrappers, and one for use by other kernels.
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        update_wrapper(self, function)
        assert isinstance(function, FunctionType)
        self._function, self._options = function, options
        self._variants: dict[int, Kernel] = {}

    def __call__(self, *arguments: Any) -> Any:
        """Run the compiled function."""
        return self.dispatcher(*arguments)

    def compile(self, types: tuple[Any, ...]) -> None:
        """Compile the function for use by other kernels, with arguments of these numba types."""
        self._called.compile(types)

    def variant(self, dimension: int | None) -> Kernel:
        """Return the same function for plain models of this dimension alone, or if that is None itself; see
        `hpcbip.qmc.kernel.specialisation`."""
        if dimension is None:
            return self
        if dimension not in self._variants:
            function = specialised(self._function, dimension, partial(_variant, dimension))
            self._variants[dimension] = Kernel(function, **self._options)
        return self._variants[dimension]

    def reached(self) -> set[Kernel]:
        """Return the functions that this one calls, directly or through others, and itself."""
        code = self._function.__code__
        values = [*global_values(code, self._function.__globals__).values()]
        for module in [value for value in values if isinstance(value, ModuleType)]:
            values += [vars(module).get(name) for name in attributes(code)]
        kernels = {value for value in values if isinstance(value, Kernel)}
        return {self}.union(*(kernel.reached() for kernel in kernels))

    @property
    def name(self) -> str:
        """The name of the function, of its own if it is for plain models alone."""
        return self._function.__qualname__

    @property
    def index_name(self) -> str:
        """The name that numba gives to the index of the function's machine code."""
        code = self._function.__code__
        name = f"{Path(code.co_filename).stem}.{self.name}-{code.co_firstlineno}"
        return f"{name}.py{sys.version_info.major}{sys.version_info.minor}.nbi"

    @cached_property
    def dispatcher(self) -> Any:
        """The numba dispatcher for calls from Python."""
        return self._dispatcher(cache_directory() / "entry")

    @cached_property
    def _called(self) -> Any:
        """The numba dispatcher for calls from other kernels."""
        return self._dispatcher(machine_code_folder(), no_cpython_wrapper=True)

    def _dispatcher(self, folder: Path, **options: Any) -> Any:
        """Make a dispatcher: nopython, cached in this folder, no bounds checks, no GIL."""
        import numba  # the only import of the compiler, see above

        config: Any = numba.core.config
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder)
        options |= {"error_model": "numpy", "nogil": True, "boundscheck": False, "no_cfunc_wrapper": True}
        try:
            return numba.njit(cache=True, **self._options, **options)(self._function)
        finally:
            config.CACHE_DIR = before

    @property
    def _numba_type_(self) -> Any:
        """The type that numba asks for where another kernel calls this one."""
        return self._called._numba_type_


def _variant(dimension: int, value: Any, names: frozenset[str]) -> Any:
    """Return what stands for a global value in functions for plain models: kernels for such models; of a
    module, of which the function looks up `names`, one that has these."""
    if isinstance(value, Kernel):
        return value.variant(dimension)
    if isinstance(value, ModuleType) and value.__name__.startswith(f"{__package__.rpartition('.')[0]}."):
        module = ModuleType(value.__name__)
        for name in names & vars(value).keys():
            setattr(module, name, _variant(dimension, getattr(value, name), names))
        return module
    return value


def kernel(function: Callable[..., Any]) -> Kernel:
    """Compile a function of the hot loop; LLVM decides whether it is inlined."""
    return Kernel(function, forceinline=False)  # said, or it would inherit it from who calls it first


def inlined(function: Callable[..., Any]) -> Kernel:
    """Compile a function that LLVM is told to inline: it would be called by pointer otherwise."""
    return Kernel(function, forceinline=True)
