"""`python -m emulated`: the helpdesk as it would be deployed, on this machine."""

import argparse
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from emulated import emulators
from helpdesk.errors import HelpdeskError
from helpdesk.settings import without_plugins

if TYPE_CHECKING:
    from emulated.cloud import EmulatedCloud

DEMO_MOST = 1000
EXIT_DEMO = 1
EXIT_USAGE = 2
EXIT_START = 3
LOOK_S = 0.2


class Arguments(argparse.Namespace):
    """What the command line asks for."""

    demo: int | None
    once: bool
    keep: Path | None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line."""
        self.exit(EXIT_USAGE, f"emulated: {message} (see --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulated cloud until it is stopped, and return the exit code."""
    asked = _parsed(arguments)
    if lacking := emulators.missing():
        print(f"emulated: {lacking}; `make run` needs neither", file=sys.stderr)
        return EXIT_START
    without_plugins()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with tempfile.TemporaryDirectory(prefix="helpdesk-") as folder:
            return _run(asked.keep or Path(folder), asked, stopped)
    except HelpdeskError as error:
        print(f"emulated: cannot start: {error}", file=sys.stderr)
        return EXIT_START


def _parsed(arguments: Sequence[str] | None) -> Arguments:
    parser = _Parser(prog="python -m emulated", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--demo", type=int, metavar="N",
        help=f"file N real tickets and watch them (1 to {DEMO_MOST})",
    )  # fmt: skip
    parser.add_argument("--once", action="store_true", help="stop after the demo")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep archives and logs there, also afterwards"
    )
    asked = parser.parse_args(arguments, namespace=Arguments())
    if asked.demo is not None and not 1 <= asked.demo <= DEMO_MOST:
        parser.error(f"--demo takes 1 to {DEMO_MOST}")
    if asked.once and not asked.demo:
        parser.error("--once needs --demo N")
    return asked


def _run(folder: Path, asked: Arguments, stopped: threading.Event) -> int:
    # Imported only now: what is missing should be said at once.
    from emulated.cloud import EmulatedCloud  # noqa: PLC0415
    from local.demo.tour import show  # noqa: PLC0415

    print("Starting two emulators, three vendors and five functions.", flush=True)
    with EmulatedCloud(folder) as cloud:
        _greet(cloud, folder)
        arrived = True
        if asked.demo:
            arrived = show(cloud.tickets, cloud.url, asked.demo, stopped=stopped)
        if asked.once:
            return 0 if arrived else EXIT_DEMO
        _watch_letters(cloud, stopped)
    print("\nstopped; everything is gone with it", flush=True)
    return 0 if arrived else EXIT_DEMO


def _greet(cloud: "EmulatedCloud", folder: Path) -> None:
    from local.people import PASSWORD, PEOPLE  # noqa: PLC0415

    print(f"Helpdesk is at {cloud.url} (Ctrl-C stops it)\n")
    for name, function in cloud.functions.items():
        print(f"  {name:<8} {function.url}  log in {folder / 'logs' / name}.log")
    print(f"\n  accounts, all with the password {PASSWORD}:")
    for person in PEOPLE[:3]:
        print(f"    {person.email:<20} {person.role}")
    print(f"    and {len(PEOPLE) - 3} more moderators with other skills\n")
    print("  try it:")
    print(f"    curl -s {cloud.url}/api/auth/login -H 'Content-Type: application/json' \\")
    print(f'      -d \'{{"email":"viewer@demo.com","password":"{PASSWORD}"}}\'', flush=True)


def _watch_letters(cloud: "EmulatedCloud", stopped: threading.Event) -> None:
    """Show every letter that the carrier gets, until it is time to stop."""
    shown = len(cloud.sendgrid.letters)
    while not stopped.wait(LOOK_S):
        letters = cloud.sendgrid.letters
        for letter in letters[shown:]:
            print(f"\nTo: {letter.to}\nSubject: {letter.subject}\n\n{letter.text}", flush=True)
        shown = len(letters)


if __name__ == "__main__":
    sys.exit(main())
