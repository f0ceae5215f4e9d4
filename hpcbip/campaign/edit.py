"""New points and tighter targets in a configuration file: the file grows by these, everything else stays as
it is.

The places are those that the YAML parser reports, so that comments, order and layout are kept byte for byte,
in block style, in flow style, and in JSON, which stays JSON. The new text is parsed, and must be the
configuration that is intended, before it takes the place of the old one.
"""

from __future__ import annotations

import json
import math
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
    text = _extended_text(path, new, tighter)
    try:
        write_atomically(path.resolve(), text, ".extended")  # a link stays one
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return Extension(tuple(new), tighter)


def check_extensible(path: Path) -> None:
    """Check that points and tighter targets can be added to a configuration file; writes nothing.

    Raises:
        InputError: if the file is no valid configuration, or `extend` cannot change it.
    """
    config = load_config(path)
    point = config.all_points()[0].model_dump(by_alias=True, exclude_none=True)
    new: list[dict[str, float]] = []
    while not new:  # the nearest point that is not there yet
        point["omega"] = math.nextafter(point["omega"], 1.0 if point["omega"] != 1.0 else 2.0)
        new = _new_points(path, config, [{key: point[key] for key in POINT_KEYS if key in point}])
    _extended_text(path, new, {name: error / 2.0 for name, error in config.sampling.target.items()})


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


def _extended_text(path: Path, points: Sequence[Mapping[str, float]], target: Mapping[str, float]) -> str:
    """Return the text of the file with these points and targets.

    Raises:
        InputError: if it would not be the configuration that is intended.
    """
    intended = _extended(path, points, target)
    try:
        text = _add_points(path.read_bytes().decode(), points)  # bytes: line ends stay as they are
        for name, value in target.items():
            text = _set_target(text, name, value)
        possible = _describes(text, intended)
    except yaml.YAMLError:
        possible = False
    if not possible:  # an alias has its text in another place
        raise InputError(
            f"{path}: cannot be extended by a program; allowed: a file without aliases, or by hand"
        )
    return text


def _describes(text: str, config: Config) -> bool:
    """Tell whether a text is YAML of a configuration."""
    try:
        return validate_config(parse_yaml(text, ""), "") == config
    except InputError:
        return False


def _add_points(text: str, points: Sequence[Mapping[str, float]]) -> str:
    if not points:
        return text
    root: Any = yaml.compose(text)
    flows = [_flow(point, root.flow_style) for point in points]
    node = _child(root, "points")
    if node is None:
        if root.flow_style:
            return _append(text, root, f'"points": [{", ".join(flows)}]')
        return _at_end(text, root, ["points:", *(f"  - {flow}" for flow in flows)])
    if node.flow_style:
        return _append(text, node, ", ".join(flows))
    line_end = text.find("\n", _end(node))
    lines = "".join(f"{' ' * node.start_mark.column}- {flow}\n" for flow in flows)
    return _insert(text, line_end + 1, lines) if line_end >= 0 else text + "\n" + lines


def _set_target(text: str, name: str, value: float) -> str:
    root: Any = yaml.compose(text)
    sampling = _child(root, "sampling")
    target = _child(sampling, "target")
    old = _child(target, name)
    if old is not None:
        return text[: old.start_mark.index] + repr(value) + text[old.end_mark.index :]
    if target is not None:
        return _insert_first(text, target, _key(name, root.flow_style) + repr(value))
    entry = _key("target", root.flow_style) + _flow({name: value}, root.flow_style)
    if sampling is not None:
        return _insert_first(text, sampling, entry)
    if root.flow_style:
        return _append(text, root, f'"sampling": {{{entry}}}')
    return _at_end(text, root, [f"sampling: {{{entry}}}"])


def _key(name: str, is_json: bool) -> str:
    return f"{json.dumps(name) if is_json else name}: "


def _flow(entries: Mapping[str, float], is_json: bool) -> str:
    """Write a mapping on one line, as JSON where all around it may be JSON."""
    return "{" + ", ".join(_key(key, is_json) + repr(value) for key, value in entries.items()) + "}"


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


def _append(text: str, node: Any, entry: str) -> str:
    """Append an entry to a list or mapping in flow style."""
    if not node.value:
        return _insert(text, node.end_mark.index - 1, entry)
    last = node.value[-1]
    return _insert(text, _end(last[1] if isinstance(last, tuple) else last), ", " + entry)


def _insert(text: str, where: int, what: str) -> str:
    return text[:where] + what + text[where:]


def _at_end(text: str, root: Any, lines: Sequence[str]) -> str:
    """Append lines to the mapping that the whole document is, before what marks its end, if anything does."""
    indent, where = " " * root.start_mark.column, root.end_mark.index
    new = "\n" + "".join(f"{indent}{line}\n" for line in lines)
    return _insert(text, where, new if text[:where].endswith("\n") else "\n" + new)
