"""The one exception that a user is meant to see."""

LONGEST_MESSAGE = 1000
"""Length of a message; of a longer one the middle is left out."""


class InputError(Exception):
    """Input that cannot be used: reported as one clear line, exit status 2."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


def one_line(text: str) -> str:
    """Make every run of white space in a text, line ends included, one space, and leave out the middle if it
    is long."""
    line = " ".join(text.split())
    if len(line) > LONGEST_MESSAGE:
        line = f"{line[: LONGEST_MESSAGE // 2]} ... {line[-LONGEST_MESSAGE // 2 :]}"
    return line
