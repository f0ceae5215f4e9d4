"""Write the pages of the API reference: the public interface, and one page per room of the package."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path

PACKAGE = "hpcbip"
FOLDER = "api/modules"
PUBLIC = "public"


def _heading(text: str, underline: str) -> list[str]:
    return [text, underline * len(text), ""]


def page(package: str, modules: list[str], rooms: list[str]) -> str:
    """Return the page of one package: its docstring, links to the rooms in it, its modules.

    Links below the modules would be those of the last module, and navigation would not show them.
    """
    lines = [*_heading(package, "="), f".. automodule:: {package}", "   :no-members:", ""]
    if rooms:
        lines += [".. toctree::", "   :maxdepth: 1", "", *(f"   {room}" for room in rooms), ""]
    for module in modules:
        lines += [
            *_heading(module, "-"),
            f".. automodule:: {module}",
            "   :members:",
            "",
        ]
    return "\n".join(lines)


def public_page() -> str:
    """Return the page of the public interface: every name of `hpcbip.__all__`."""
    package = importlib.import_module(PACKAGE)
    lines = _heading("The public interface", "=")
    lines += [f"What ``import {PACKAGE}`` gives.", ""]
    for name in package.__all__:
        thing = getattr(package, name)
        if inspect.isclass(thing):
            kind = "autoexception" if issubclass(thing, Exception) else "autoclass"
            lines += [f".. {kind}:: {PACKAGE}.{name}", "   :members:", ""]
        elif inspect.ismodule(thing):
            lines += [f"``{PACKAGE}.{name}``: the room :doc:`{PACKAGE}.{name}`.", ""]
        elif callable(thing):
            lines += [f".. autofunction:: {PACKAGE}.{name}", ""]
    return "\n".join(lines)


def pages(root: Path) -> dict[str, str]:
    """Return the pages by name, for the package in the folder `root`."""
    result = {}

    def walk(folder: Path, name: str) -> None:
        modules, rooms = [], []
        for entry in pkgutil.iter_modules([str(folder)]):
            if entry.name.startswith("_"):
                continue
            (rooms if entry.ispkg else modules).append(f"{name}.{entry.name}")
            if entry.ispkg:
                walk(folder / entry.name, f"{name}.{entry.name}")
        result[name] = page(name, modules, rooms)

    walk(root, PACKAGE)
    result[PUBLIC] = public_page()
    return result


def write(app) -> None:
    """Write the pages that have changed, remove those of rooms that are gone."""
    folder = Path(app.srcdir) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages(Path(app.srcdir).parent / PACKAGE)
    for path in folder.glob("*.rst"):
        if path.stem not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app) -> dict[str, bool]:
    """Write the pages before Sphinx looks for its sources."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
