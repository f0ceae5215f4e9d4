"""The one exception that a user is meant to see."""


class InputError(Exception):
    """Input that cannot be used: reported as one clear line, exit status 2."""
