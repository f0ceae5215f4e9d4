"""`python -m hpcbip`: the `hpcbip` command."""

from .cli import main

main()
