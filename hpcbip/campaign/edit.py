"""New points and tighter targets in a configuration file: the file grows by these, everything else stays as
it is.

The places are those that the YAML parser reports, so that comments, order and layout are kept byte for byte.
The new text is parsed, and must be the configuration that is intended, before it takes the place of the old
one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from hpcbip.campaign.plan import make_plan
from hpcbip.campaign.points import PointSection
from hpcbip.campaign.schema import Config, load_config, validate_config
from hpcbip.campaign.validation import explain
from hpcbip.campaign.yaml_reader import parse_yaml, read_yaml
from hpcbip.errors import InputError
from hpcbip.files import write_atomically
from hpcbip.vocabulary.parameters import MODEL_KEYS, POINT_KEYS


@dataclass(frozen=True)
class Extension:
    """The changes of a configuration: points that it did not have yet, and targets that became tighter."""

    points: tuple[Mapping[str, float], ...]
    target: Mapping[str, float]


def extend(
    path: Path, points: Sequence[Mapping[str, Any]] = (), target: Mapping[str, float] | None = None
) -> Extension:
    """Add points to a configuration file and tighten its targets, written aside and renamed.

    Points and targets that the file has already change nothing; if nothing is new the file is left alone.

    Args:
        path: of the YAML file.
        points: parameters `POINT_KEYS`, and if they are given `MODEL_KEYS`, which must be the
            configuration's.
        target: relative errors by observable, as in `sampling: target:`.

    Raises:
        InputError: if the file is no valid configuration, a point does not fit it, or it cannot be written.
    """
    config = load_config(path)
    new = _new_points(path, config, points)
    tighter = {k: v for k, v in (target or {}).items() if v < config.sampling.target.get(k, float("inf"))}
    if not new and not tighter:
        return Extension((), {})
    intended = _extended(path, new, tighter)
    path = path.resolve()  # a link stays one
    text = _add_points(path.read_bytes().decode(), new)  # bytes: line ends stay as they are
    for name, value in tighter.items():
        text = _set_target(text, name, value)
    _replace(path, text, intended)
    return Extension(tuple(new), tighter)


def _new_points(path: Path, config: Config, points: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Find the points that the campaign does not have, with the keys of the file; each once."""
    known = {point.identity for point in make_plan(config).points}
    new = []
    for point in points:
        for key in MODEL_KEYS:
            own = getattr(config.model, key)
            if key in point and point[key] != own:
                wrong = f"a point with {key} = {point[key]} does not fit the model"
                raise InputError(f"{path}: model.{key}: {own}: {wrong}; allowed: points of the same model")
        entry = {key: float(point[key]) for key in POINT_KEYS if point.get(key) is not None}
        if not entry.get("V"):
            entry.pop("V", None)
        alone = config.model_copy(update={"grid": None, "points": (_section(path, entry),)})
        identity = make_plan(alone).points[0].identity
        if identity not in known:
            known.add(identity)
            new.append(entry)
    return new


def _section(path: Path, entry: Mapping[str, float]) -> PointSection:
    try:
        return PointSection.model_validate(dict(entry))
    except ValidationError as error:
        raise InputError(explain(f"{path}: a new point", error)) from None


def _extended(path: Path, points: Sequence[Mapping[str, float]], target: Mapping[str, float]) -> Config:
    """Make the extended configuration, checked like a file."""
    content = read_yaml(path)
    content["points"] = [*content.get("points", ()), *points]
    sampling = content.setdefault("sampling", {})
    sampling["target"] = {**sampling.get("target", {}), **target}
    return validate_config(content, str(path))


def _replace(path: Path, text: str, intended: Config) -> None:
    """Replace a configuration file.

    Raises:
        InputError: if the text is not the configuration that is intended, or the file cannot be written.
    """
    if not _describes(text, intended):  # an alias has its text in another place
        raise InputError(
            f"{path}: cannot be extended by a program; allowed: a file without aliases, or by hand"
        )
    try:
        write_atomically(path, text, ".extended")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None


def _describes(text: str, config: Config) -> bool:
    """Tell whether a text is YAML of a configuration."""
    try:
        return validate_config(parse_yaml(text, ""), "") == config
    except InputError:
        return False


def _add_points(text: str, points: Sequence[Mapping[str, float]]) -> str:
    if not points:
        return text
    flows = ["{" + ", ".join(f"{key}: {value!r}" for key, value in point.items()) + "}" for point in points]
    node = _child(yaml.compose(text), "points")
    if node is None:
        return _at_end(text, "\npoints:\n" + "".join(f"  - {flow}\n" for flow in flows))
    if node.flow_style:
        where = _end(node.value[-1]) if node.value else node.end_mark.index - 1
        return _insert(text, where, (", " if node.value else "") + ", ".join(flows))
    line_end = text.find("\n", _end(node))
    lines = "".join(f"{' ' * node.start_mark.column}- {flow}\n" for flow in flows)
    return _at_end(text, lines) if line_end < 0 else _insert(text, line_end + 1, lines)


def _set_target(text: str, name: str, value: float) -> str:
    sampling = _child(yaml.compose(text), "sampling")
    target = _child(sampling, "target")
    old = _child(target, name)
    if old is not None:
        return text[: old.start_mark.index] + repr(value) + text[old.end_mark.index :]
    if target is not None:
        return _insert_first(text, target, f"{name}: {value!r}")
    if sampling is not None:
        return _insert_first(text, sampling, f"target: {{{name}: {value!r}}}")
    return _at_end(text, f"\nsampling: {{target: {{{name}: {value!r}}}}}\n")


def _child(node: Any, key: str) -> Any:
    """Find the value of a key of a mapping node; None if it has none."""
    return (
        next((value for name, value in node.value if name.value == key), None) if node is not None else None
    )


def _end(node: Any) -> int:
    """Find where a node's text ends; a block's own mark lies behind the comments after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _insert_first(text: str, node: Any, entry: str) -> str:
    """Insert an entry before the first one of a mapping."""
    if node.flow_style:
        return _insert(text, node.start_mark.index + 1, entry + (", " if node.value else ""))
    return _insert(text, node.start_mark.index, entry + "\n" + " " * node.start_mark.column)


def _insert(text: str, where: int, what: str) -> str:
    return text[:where] + what + text[where:]


def _at_end(text: str, what: str) -> str:
    return text + ("" if text.endswith("\n") else "\n") + what
