"""The one exception that a user is meant to see."""

MOST_CHARACTERS = 1000
"""Length of a message; of a longer one the middle is left out."""


class InputError(Exception):
    """Input that cannot be used: reported as one clear line, exit status 2."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


def one_line(text: str) -> str:
    """Make every run of white space in a text, line ends included, one space, and leave out the middle if it
    is long."""
    line = " ".join(text.split())
    if len(line) > MOST_CHARACTERS:
        line = f"{line[: MOST_CHARACTERS // 2]} ... {line[-MOST_CHARACTERS // 2 :]}"
    return line
