"""The `hpcbip` command: one module per verb; a verb is registered by its line in `VERBS`.

Exit status: 0 done, 2 bad input (one line on stderr), 3 stopped before the targets were met and ready to go
on (`hpcbip.exit_status`).
"""

from __future__ import annotations

import os
import sys

import click

from hpcbip.cli.atlas import atlas
from hpcbip.cli.campaign.export import export
from hpcbip.cli.campaign.merge import merge
from hpcbip.cli.campaign.new import new
from hpcbip.cli.campaign.pack import pack
from hpcbip.cli.campaign.plan import plan
from hpcbip.cli.campaign.unpack import unpack
from hpcbip.cli.digest import digest
from hpcbip.cli.papers.claims import claims
from hpcbip.cli.papers.figure import figure
from hpcbip.cli.reduce import reduce
from hpcbip.cli.report import report
from hpcbip.cli.run import run
from hpcbip.cli.search import search
from hpcbip.cli.states import states
from hpcbip.cli.status import status
from hpcbip.cli.submit import submit
from hpcbip.cli.suggest import suggest
from hpcbip.cli.tc import tc
from hpcbip.cli.theory import theory
from hpcbip.driver.launch.mpirun import cap_threads
from hpcbip.errors import InputError, one_line
from hpcbip.exit_status import BAD_INPUT, DONE, INTERRUPTED
from hpcbip.version import __version__

VERBS = (
    *(new, plan, run, submit, status, reduce, tc, states, suggest, search, report),
    *(digest, export, merge, pack, unpack, atlas, figure, claims, theory),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hpcbip")
def commands() -> None:
    """Numerically exact bipolarons, from one YAML file to superconducting transition temperatures."""


for verb in VERBS:
    commands.add_command(verb)


def main() -> None:
    """Run the command line; the entry point of the console script."""
    cap_threads(os.environ)  # type: ignore[arg-type]  # before numpy is imported
    try:
        commands.main(standalone_mode=False)
    except InputError as error:
        click.echo(f"hpcbip: {error}", err=True)
        sys.exit(BAD_INPUT)
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        click.echo(f"hpcbip: {one_line(error.format_message())}", err=True)
        sys.exit(BAD_INPUT)
    except BrokenPipeError:  # the reader (head, less) has closed its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(DONE)
    except OSError as error:
        if error.filename is None:  # none of the user's files
            raise
        click.echo(one_line(f"hpcbip: {error.filename}: {error.strerror}"), err=True)
        sys.exit(BAD_INPUT)
