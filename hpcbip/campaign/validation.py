"""The base of all sections of a configuration: strict types, no unknown keys, errors that name the key.

Validators raise `refusal(...)`, which carries what is wrong and what is allowed; `explain` makes the one line
that a user sees:

    FILE: KEY.PATH: VALUE: what is wrong; allowed: ...
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from hpcbip.errors import one_line
from hpcbip.vocabulary.numbers import NUMBER_WORDS, POSITIVE_WORDS, is_number, is_positive

MAX_VALUE = 60
"""Longest value shown in a message."""


def refusal(wrong: str, allowed: str, key: str | None = None, value: Any = None) -> PydanticCustomError:
    """Make the error for a value that is refused, to be raised by a validator.

    A validator that sees a whole section names the `key` in it, and that key's `value` (None: not shown).
    """
    context = {"wrong": wrong, "allowed": allowed, "key": key, "value": value}
    return PydanticCustomError("refusal", "{wrong}; allowed: {allowed}", context)


def _limited(value: float) -> float:
    """Return a number as it is stored: -0.0 as 0.0, so that both have one identity."""
    if not is_number(value):
        raise refusal("too large", NUMBER_WORDS)
    return value + 0.0


def _not_too_small(value: float) -> float:
    if not is_positive(value):
        raise refusal("too small", POSITIVE_WORDS)
    return value


Number = Annotated[float, Field(strict=True, allow_inf_nan=False), AfterValidator(_limited)]
Positive = Annotated[Number, Field(gt=0), AfterValidator(_not_too_small)]
NonNegative = Annotated[Number, Field(ge=0)]
MAX_COUNT = 1_000_000_000_000
"""Largest count of anything: kernel and files count with integers of 64 bits."""
Count = Annotated[int, Field(strict=True, ge=1, le=MAX_COUNT)]
NonNegativeCount = Annotated[int, Field(strict=True, ge=0)]


class Section(BaseModel):
    """A mapping of the configuration file. Unknown keys are refused with the nearest known one."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        allowed = [field.alias or name for name, field in cls.model_fields.items()]
        if not isinstance(data, dict):
            raise refusal("must be a mapping", "the keys " + ", ".join(allowed))
        for key in data:
            if key not in allowed:
                wrong = "unknown key" + suggestion(key, allowed)
                raise refusal(wrong, ", ".join(allowed), key=str(key), value=data[key])
        return data


def suggestion(word: object, known: Iterable[str]) -> str:
    """Return `, did you mean 'x'?` with the nearest known word, or nothing."""
    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def choice(word: object, known: Iterable[str], what: str) -> str:
    """Return a word if it is one of the known ones.

    Raises:
        PydanticCustomError: otherwise, with the nearest known word.
    """
    known = list(known)
    if not isinstance(word, str) or word not in known:
        raise refusal(f"unknown {what}" + suggestion(word, known), ", ".join(known))
    return word


# pydantic's error type -> (what is wrong, what is allowed), in the words of the other messages
_WORDS = {
    "missing": ("required key is missing", "see the keys of this section"),
    "float_type": ("must be a number", "a finite number, without quotes"),
    "finite_number": ("must be finite", "a finite number"),
    "int_type": ("must be an integer", "an integer, without quotes"),
    "string_type": ("must be a string", "text"),
    "tuple_type": ("must be a list", "a list such as [0.5, 1.0]"),
    "too_short": ("must not be empty", "at least one entry"),
    "dict_type": ("must be a mapping", "keys with values"),
}
_BOUNDS = {"greater_than": ("gt", ">"), "greater_than_equal": ("ge", ">="), "less_than_equal": ("le", "<=")}


def explain(source: str, error: ValidationError) -> str:
    """Write the one line for a user: the first error, and how many more were found."""
    details = error.errors(include_url=False)
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return one_line(f"{source}: {_explain_one(details[0])}{more}")


def _explain_one(detail: ErrorDetails) -> str:
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    place = list(detail["loc"])
    if kind == "refusal":
        wrong, allowed = context["wrong"], context["allowed"]
        if context["key"] is not None:
            place, value = [*place, context["key"]], context["value"]
    elif kind in _BOUNDS:
        name, sign = _BOUNDS[kind]
        wrong, allowed = "out of range", f"{sign} {context[name]:g}"
    else:
        wrong, allowed = _WORDS.get(kind, (detail["msg"], "see the documentation"))
    shown = [_path(place)] if place else []
    if kind != "missing" and not (kind == "refusal" and context["key"] is not None and value is None):
        shown.append(_short(value))
    return ": ".join([*shown, f"{wrong}; allowed: {allowed}"])


def _path(place: list[int | str]) -> str:
    """Write `points[2].omega` for ("points", 2, "omega")."""
    path = ""
    for part in place:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def _short(value: Any) -> str:
    """Write a value as it was given, cut to `MAX_VALUE` characters."""
    if isinstance(value, float):
        return repr(value)
    text = reprlib.repr(value)
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 3] + "..."
