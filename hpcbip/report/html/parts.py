"""What all HTML pages share: the templates beside this module, their one style, and scripts with their hash.

The content security policy of a page lets it load nothing and run only the script whose hash it holds.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_FOLDER = Path(__file__).parent


def environment() -> Environment:
    """Return the templates; the filter `code` makes code of text between `backquotes`."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    compact = {"ensure_ascii": False, "separators": (",", ":"), "allow_nan": False}
    made.policies["json.dumps_kwargs"] = compact
    made.filters["code"] = _code
    return made


def read_script(name: str) -> tuple[Markup, str]:
    """Return the script between the tags of a file, and its SHA-256 in base64."""
    from markupsafe import Markup

    text = (_FOLDER / name).read_text(encoding="utf-8")
    script = text.split("<script>")[1].split("</script>")[0]
    return Markup(script), base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def read_style() -> Markup:
    """Return the style of all pages, with its tags."""
    from markupsafe import Markup

    return Markup((_FOLDER / "report_style.html").read_text(encoding="utf-8"))


def _code(text: str) -> Markup:
    """Return a caption as HTML, in which text between `backquotes` is code."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))
