"""Turn docstrings into reStructuredText that says what they say.

Docstrings here are plain text: formulas hold |, * and _, code stands in single backticks, and an indented
block is a formula or a table. Sphinx would take these signs for markup. The sections (Args, Attributes,
Raises, Returns) become lists of fields.
"""

from __future__ import annotations

import re

LISTS = {"Args:": ":Parameters:", "Attributes:": ":Attributes:"}
FIELDS = {"Returns:": ":returns:", "Yields:": ":Yields:"}
SECTIONS = (*LISTS, *FIELDS, "Raises:")
_CODE = re.compile(r"`([^`]+)`")
_SIGNS = re.compile(r"([\\*|_`])")
_BULLET = re.compile(r"(- |\d+\. )")
_ITEM = re.compile(r"([\w*.]+(?:, [\w*.]+)*): (.*)")


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def escape(text: str) -> str:
    """Escape the signs of markup in a line and set what stands in single backticks as code."""
    parts = _CODE.split(text)
    for k in range(0, len(parts), 2):
        parts[k] = _SIGNS.sub(r"\\\1", parts[k])
    for k in range(1, len(parts), 2):
        left = "" if parts[k - 1][-1:] in ("", *" ([{") else "\\ "
        right = "" if parts[k + 1][:1] in ("", *" )]},.:;!?") else "\\ "
        parts[k] = f"{left}``{parts[k].strip()}``{right}"
    return "".join(parts)


def _paragraph(lines: list[str]) -> list[str]:
    """A paragraph or list of the text, its lines at one indentation."""
    result: list[str] = []
    margin = ""  # of the lines of a list's item
    for line in lines:
        bullet = _BULLET.match(line)
        if bullet and result and not margin:
            result.append("")
        if bullet:
            margin = " " * len(bullet[0])
        result.append(escape(line) if bullet else margin + escape(line.strip()))
    return result


def _items(lines: list[str]) -> list[tuple[str, str]]:
    """Names and texts of a section; a line that names nothing goes on with the text before it."""
    items: list[tuple[str, str]] = []
    least = min(_indentation(line) for line in lines)
    for line in lines:
        match = _ITEM.fullmatch(line.strip()) if _indentation(line) == least else None
        if match:
            items.append((match[1], match[2]))
        elif items:
            items[-1] = (items[-1][0], f"{items[-1][1]} {line.strip()}")
        else:
            items.append(("", line.strip()))
    return items


def _section(title: str, lines: list[str]) -> list[str]:
    """A section as fields."""
    lines = [line for line in lines if line.strip()]
    if not lines:
        return []
    if title in FIELDS:
        return [f"{FIELDS[title]} {escape(' '.join(line.strip() for line in lines))}"]
    if title == "Raises:":
        return [f":raises {name}: {escape(text)}" for name, text in _items(lines)]
    items = [f"   - **{escape(name)}**: {escape(text)}" for name, text in _items(lines) if name]
    return [LISTS[title], *items]


def markup(lines: list[str]) -> list[str]:
    """Convert the lines of a docstring; sections become fields, indented blocks literal ones."""
    result: list[str] = []
    paragraph: list[str] = []
    k = 0

    def end_paragraph() -> None:
        if paragraph:
            result.extend([*_paragraph(paragraph), ""])
            paragraph.clear()

    def indented_block() -> list[str]:
        nonlocal k
        block = []
        while k < len(lines) and (not lines[k].strip() or _indentation(lines[k])):
            block.append(lines[k].rstrip())
            k += 1
        return block

    while k < len(lines):
        line = lines[k].rstrip()
        if line in SECTIONS:
            end_paragraph()
            k += 1
            result.extend([*_section(line, indented_block()), ""])
        elif line and not paragraph and _indentation(line):
            result.extend(["::", "", *indented_block(), ""])
        else:
            if line:
                paragraph.append(line)
            else:
                end_paragraph()
            k += 1
    end_paragraph()
    return result


def setup(app) -> dict[str, bool]:
    """Convert every docstring that autodoc reads."""

    def process(app, what, name, thing, options, lines):
        lines[:] = markup(lines)

    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
