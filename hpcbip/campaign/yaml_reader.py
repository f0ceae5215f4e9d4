"""YAML read the strict way: numbers as YAML 1.2 writes them, no duplicate keys, one line for every error.

PyYAML follows YAML 1.1, which reads `1e-4` as a string, `010` as eight, `1:30` as ninety and `no` as false.
In a table of physical parameters each of these is a silent mistake, so this loader reads plain scalars as the
core schema of YAML 1.2 does (less its octal and hexadecimal integers).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from hpcbip.errors import InputError, one_line

MOST_BYTES = 16 << 20
"""Size of a file that may be a configuration; some that are none never end."""


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2 and without duplicate keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            key = (key_node.tag, key_node.value) if isinstance(key_node, yaml.ScalarNode) else None
            if key is not None and key in seen:
                raise _refused(key_node, f"key {key_node.value!r} is given twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


_SCALARS = {
    "null": (r"~|null|Null|NULL|", "~nN\0"),
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
    "merge": (r"<<", "<"),
}


def _constructor(kind: str, pattern: re.Pattern[str]) -> Any:
    """Return the constructor of one kind of scalars, also of those whose tag is written out: `!!int x` is
    refused."""
    construct = yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{kind}"]

    def construct_if_it_is_one(loader: _StrictLoader, node: yaml.Node) -> Any:
        if not isinstance(node, yaml.ScalarNode) or not pattern.match(node.value):
            raise _refused(node, f"what is tagged {kind} is none")
        try:
            return construct(loader, node)
        except ValueError as error:  # an integer of thousands of digits
            raise _refused(node, f"{kind}: {error}") from None

    return construct_if_it_is_one


def _construct_text(loader: _StrictLoader, node: yaml.Node) -> str:
    """Construct a text; the halves of characters that YAML can write, but no file can hold, are refused."""
    text = loader.construct_scalar(node)  # type: ignore[arg-type]
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise _refused(node, "half a character (a surrogate)")
    return str(text)


def _refused(node: yaml.Node, why: str) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, why, node.start_mark)


_StrictLoader.yaml_constructors = {  # no dates, sets or binary data, which YAML 1.2 does not know
    None: yaml.SafeLoader.yaml_constructors[None],
    **{
        f"tag:yaml.org,2002:{kind}": yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{kind}"]
        for kind in ("seq", "map")
    },
    "tag:yaml.org,2002:str": _construct_text,
}
for _kind, (_pattern, _first) in _SCALARS.items():
    _tag, _whole = f"tag:yaml.org,2002:{_kind}", re.compile(f"(?:{_pattern})\\Z")
    _StrictLoader.add_implicit_resolver(_tag, _whole, ["" if c == "\0" else c for c in _first])
    if _kind != "merge":
        _StrictLoader.add_constructor(_tag, _constructor(_kind, _whole))


class _StrictDumper(yaml.SafeDumper):
    """SafeDumper that quotes every text that the strict loader would read as something else."""

    yaml_implicit_resolvers = _StrictLoader.yaml_implicit_resolvers


def yaml_text(content: Any) -> str:
    """Write mappings, lists, texts and numbers as YAML that `read_yaml` reads back as they are."""
    return yaml.dump(content, Dumper=_StrictDumper, sort_keys=False, allow_unicode=True)


def flow_text(content: Any) -> str:
    """Write the same on one line, as in `{omega: 1.0, U: 8.0}`."""
    width = float("inf")
    text = yaml.dump(
        content,
        Dumper=_StrictDumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=True,
        width=width,
    )
    return text.removesuffix("...\n").strip()


def read_yaml(path: Path) -> Any:
    """Read the content of a YAML file.

    Raises:
        InputError: if the file cannot be read, is not YAML, or gives a key twice; one line with the place.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise InputError(f"{path}: no configuration; allowed: up to {MOST_BYTES >> 20} MiB")
        return parse_yaml(content.decode("utf-8"), str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not a text file: byte {error.start} is not UTF-8; allowed: YAML in UTF-8"
        ) from None


def parse_yaml(text: str, source: str) -> Any:
    """Read YAML from a text.

    Args:
        text: the YAML.
        source: the name of its file, for messages.

    Raises:
        InputError: if it is not YAML, or gives a key twice; one line with the place.
    """
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InputError(
            f"{source}: {place}not valid YAML: {one_line(error.problem or error.context or '')}"
        ) from None
    except yaml.YAMLError as error:
        raise InputError(f"{source}: not valid YAML: {one_line(str(error))}") from None
    except (RecursionError, ValueError) as error:
        raise InputError(
            f"{source}: not valid YAML: {type(error).__name__}: {one_line(str(error))}"
        ) from None
