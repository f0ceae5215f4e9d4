"""Functions of the hot loop with some fields of the kernel's parameters replaced by constants.

Most campaigns sample infinite Bravais lattices with one frequency per oscillator that does not hop. What
other models need would cost them a sixth of their speed, though the branches are never taken, and a quarter
more of the compiler's time; that the compiler does not know how long the loops over coordinates are costs a
twentieth. So there are several kernels from the same sources: one for every model, and one for plain ones in
each dimension, where Python drops the branches that the constants rule out before numba sees them. All give
the same bins bit for bit.
"""

from __future__ import annotations

import ast
import dis
import inspect
import textwrap
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import numpy as np

RECORD = "par"  # the argument that holds the parameters, in every function of the kernel
PLAIN = {
    "open": 0,
    "periodic": 0,
    "kinds": 1,
    "kind_mask": 0,
    "cell_shift": 0,
    "composite": 0,
    "dispersive": 0,
    "families": 0,
}
"""Fields of the kernel's parameters, and their values for plain models, in any number of dimensions."""


def plain_dimension(parameters: np.record) -> int | None:
    """Return for which dimension the kernel is compiled for these parameters; None is the one for all
    models."""
    plain = all(int(parameters[name]) == value for name, value in PLAIN.items())
    return int(parameters["dimension"]) if plain else None


class _FieldsReplaced(ast.NodeTransformer):
    """Replaces fields of the parameters by constants."""

    def __init__(self, dimension: int) -> None:
        self.constants = {**PLAIN, "dimension": dimension}

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:  # noqa: N802 (ast asks for this name)
        if isinstance(node.value, ast.Name) and node.value.id == RECORD and node.attr in self.constants:
            return ast.copy_location(ast.Constant(self.constants[node.attr]), node)
        return self.generic_visit(node)


def global_values(code: CodeType, namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the values of the global names that a function of this code uses, those of Python left out."""
    used = {line.argval for line in dis.get_instructions(code) if line.opname == "LOAD_GLOBAL"}
    return {name: namespace[name] for name in used if name in namespace}


def attributes(code: CodeType) -> frozenset[str]:
    """Return the names of the attributes that a function of this code looks up."""
    lookups = ("LOAD_ATTR", "LOAD_METHOD")
    return frozenset(line.argval for line in dis.get_instructions(code) if line.opname in lookups)


def specialised(
    function: FunctionType, dimension: int, replace: Callable[[Any, frozenset[str]], Any]
) -> FunctionType:
    """Return a function for plain models, defined in the lines of the given one.

    Args:
        function: a function without a closure.
        dimension: of the lattice.
        replace: maps the value of a global name, with the names of the attributes that the code looks up, to
            the value that the new function sees; asked for those names that are left.
    """
    lines, first = inspect.getsourcelines(function)
    tree = ast.increment_lineno(ast.parse(textwrap.dedent("".join(lines))), first - 1)
    definition = tree.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    module = compile(_FieldsReplaced(dimension).visit(tree), inspect.getfile(function), "exec")
    code = next(constant for constant in module.co_consts if isinstance(constant, CodeType))
    names = attributes(code)
    namespace = {
        name: replace(value, names) for name, value in global_values(code, function.__globals__).items()
    }
    result = FunctionType(code, {"__name__": function.__module__, **namespace}, function.__name__)
    result.__doc__ = function.__doc__
    result.__defaults__ = function.__defaults__
    # of its own: numba names machine code, and the files that hold it, by it
    result.__qualname__ = f"{function.__qualname__}_{dimension}d"
    return result
