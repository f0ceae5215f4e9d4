"""Turn docstrings into reStructuredText that says what they say.

Docstrings here are plain text: formulas hold |, * and _, code stands in single backticks, and an indented
block is a formula or a table. Sphinx would take these signs for markup. What is left to its napoleon
extension are the sections (Args, Returns, Raises, Attributes).
"""

from __future__ import annotations

import re

SECTIONS = ("Args:", "Attributes:", "Example:", "Examples:", "Raises:", "Returns:", "Yields:")
_CODE = re.compile(r"`([^`]+)`")
_SIGNS = re.compile(r"([\\*|_`])")
_NAMES = re.compile(r"\w+(, \w+)+(?=: )")
_BULLET = re.compile(r"(- |\d+\. )")


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def escape(text: str) -> str:
    """Escape the signs of markup in a line and set what stands in single backticks as code."""
    parts = _CODE.split(text)
    for k in range(0, len(parts), 2):
        parts[k] = _SIGNS.sub(r"\\\1", parts[k])
    for k in range(1, len(parts), 2):
        before, after = parts[k - 1][-1:], parts[k + 1][:1]
        left = "\\ " if before and (before.isalnum() or before in "⟨") else ""
        right = "\\ " if after.isalnum() else ""
        parts[k] = f"{left}``{parts[k].strip()}``{right}"
    return "".join(parts)


def _one_word(text: str) -> str:
    """Join the names of attributes that are described together: Sphinx takes one of two words for a type."""
    names = _NAMES.match(text)
    return text if names is None else names[0].replace(", ", ",\u200b") + text[names.end() :]


def _paragraph(lines: list[str]) -> list[str]:
    """A paragraph or list of the text, its lines at one indentation."""
    result: list[str] = []
    for line in lines:
        bullet = _BULLET.match(line)
        if bullet and result and not result[-1].startswith(("- ", "  ")):
            result.append("")
        inside = bool(result) and result[-1].startswith(("- ", "  "))
        result.append(escape(line) if bullet else ("  " if inside else "") + escape(line.strip()))
    return result


def markup(lines: list[str]) -> list[str]:
    """Convert the lines of a docstring; sections stay sections, indented blocks become literal ones."""
    result: list[str] = []
    paragraph: list[str] = []
    k = 0

    def end_paragraph() -> None:
        if paragraph:
            result.extend([*_paragraph(paragraph), ""])
            paragraph.clear()

    while k < len(lines):
        line = lines[k].rstrip()
        if line in SECTIONS:
            end_paragraph()
            result.append(line)
            k += 1
            while k < len(lines) and (not lines[k].strip() or _indentation(lines[k])):
                text = _one_word(lines[k].strip()) if line == "Attributes:" else lines[k].strip()
                result.append(" " * _indentation(lines[k]) + escape(text))
                k += 1
            result.append("")
        elif line and not paragraph and _indentation(line):
            result.extend(["::", ""])
            while k < len(lines) and (not lines[k].strip() or _indentation(lines[k])):
                result.append(lines[k].rstrip())
                k += 1
            result.append("")
        else:
            if line:
                paragraph.append(line)
            else:
                end_paragraph()
            k += 1
    end_paragraph()
    return result


def setup(app) -> None:
    """Convert docstrings before napoleon (priority 500) reads their sections."""

    def process(app, what, name, thing, options, lines):
        lines[:] = markup(lines)
        if what in ("attribute", "data", "property"):
            lines.insert(0, "")  # or napoleon takes what stands before a colon in the first line for a type

    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", process, priority=400)
