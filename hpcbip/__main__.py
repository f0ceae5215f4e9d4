"""`python -m hpcbip`: the `hpcbip` command."""

from hpcbip.cli import main

main()
