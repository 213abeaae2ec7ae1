"""The `dataprep` command: its parts put together, and what a user can act on told in one message with an exit code."""

import errno
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from dataprep.errors import DataprepError
from flows.look_commands import card, check, dedup_report, diff, explain, leaks, recipes, report
from flows.work_commands import ablate, evaluate, publish, run, train

_OUR_FAULT, _WRONG_CALL, _INTERRUPTED = 1, 2, 130
_DISK = {
    errno.EACCES: "is not writable for you",
    errno.EROFS: "is on a read-only file system",
    errno.ENOSPC: "is full",
    errno.EDQUOT: "is over its quota",
    errno.ENOTDIR: "is no folder",
}


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="dataprep")
def cli() -> None:
    """Turn raw Polish question-passage pairs into a leak-free, deduplicated, documented retrieval release.

    \b
    Example:
      dataprep run sample
      dataprep check data/build/sample
      dataprep explain s0001 --build data/build/sample
    """


for command in (run, train, evaluate, ablate, publish, recipes, check, explain, diff, dedup_report, leaks, report, card):
    cli.add_command(command)


def _stop(message: str, code: int) -> NoReturn:
    click.echo(f"dataprep: {message}", err=True)
    sys.stdout.flush()
    sys.exit(code)


def _run_command(interrupts: Sequence[int]) -> None:
    """Run the command. A terminal's Ctrl-C reaches the embedded server too: a call to it may fail before this process notices its own."""
    try:
        cli.main(standalone_mode=False)
    except BaseException as error:
        if interrupts or isinstance(error, click.exceptions.Abort | KeyboardInterrupt):
            _stop("interrupted; the same command goes on from the last finished stage", _INTERRUPTED)
        raise


def main() -> None:
    """Run the command; turn what a user can act on into one message and an exit code."""
    interrupts = list[int]()

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupts.append(number)
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    try:
        _run_command(interrupts)
    except click.ClickException as error:
        error.show()
        sys.exit(_WRONG_CALL)
    except DataprepError as error:
        _stop(str(error), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        if error.errno not in _DISK:
            raise
        where = error.filename or "the build folder's disk"
        _stop(f"{where} {_DISK[error.errno]}; free or name another place with --build, then run again: finished stages stay", _WRONG_CALL)


if __name__ == "__main__":
    main()
