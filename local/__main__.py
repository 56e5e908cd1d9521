"""`python -m local`: the whole helpdesk on this machine."""

import argparse
import errno
import gc
import io
import ipaddress
import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from helpdesk import log
from helpdesk.errors import InvalidInputError, OutsideError
from helpdesk.settings import without_plugins

if TYPE_CHECKING:
    from local.house import House

PORT = 8080
DATA = Path("helpdesk-data")
DEMO_MOST = 1000
THREADS = 8  # requests at once: more than api.passwords.CROWD, so that log-ins never take all
SWITCH_S = 0.001  # a request waits this long at most for a thread that computes
OWN_FILES = re.compile(
    r"(helpdesk|auth)\.db(-wal|-shm|-journal)?|secrets\.(json|new)|helpdesk\.log(\.[0-9]+)?"
)

LOG_MOST = 20 * 1024 * 1024  # bytes of a log file; the one before it is helpdesk.log.1
LOGS_KEPT = 4

EXIT_DEMO = 1
EXIT_USAGE = 2
EXIT_START = 3
EXIT_INTERRUPTED = 130


class Arguments(argparse.Namespace):
    """What the command line asks for."""

    data: Path
    port: int
    host: str
    expose: bool
    fresh: bool
    demo: int | None
    once: bool


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line."""
        self.exit(EXIT_USAGE, f"helpdesk: {message} (see --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the helpdesk until it is stopped, and return the exit code."""
    without_plugins()
    try:
        asked = _parsed(arguments)
        return _run(asked)
    except InvalidInputError as error:
        print(f"helpdesk: {error}", file=sys.stderr)
        return EXIT_START
    except OutsideError as error:
        print(f"helpdesk: cannot start: {error}", file=sys.stderr)
        return EXIT_START
    except BrokenPipeError:
        _hush()
        return 0  # nobody listens any more: `| head` has seen enough
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED  # before anything was served


def _parsed(arguments: Sequence[str] | None) -> Arguments:
    # No abbreviations: --fre must not forget everything.
    parser = _Parser(prog="python -m local", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "--data", type=Path, default=DATA, metavar="DIR", help=f"keep everything there ({DATA})"
    )
    parser.add_argument(
        "--port", type=int, default=PORT, metavar="N", help=f"listen there ({PORT}; 0: any free)"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="listen at this address"
    )
    parser.add_argument(
        "--expose", action="store_true", help="really listen beyond this machine with --host"
    )
    parser.add_argument("--fresh", action="store_true", help="forget what is in the data folder")
    parser.add_argument(
        "--demo", type=int, metavar="N",
        help=f"file N real tickets and watch them (1 to {DEMO_MOST})",
    )  # fmt: skip
    parser.add_argument("--once", action="store_true", help="stop after the demo")
    asked = parser.parse_args(arguments, namespace=Arguments())
    if not 0 <= asked.port <= 65535:  # noqa: PLR2004 - the ports there are
        parser.error("--port takes 0 to 65535")
    if asked.demo is not None and not 1 <= asked.demo <= DEMO_MOST:
        parser.error(f"--demo takes 1 to {DEMO_MOST}")
    if asked.once and not asked.demo:
        parser.error("--once needs --demo N")
    return asked


def _run(asked: Arguments) -> int:
    os.umask(0o077)  # what the house makes is for its owner alone, whoever made the folder
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # the folder may have any name
    with _listening(asked) as listening:
        url, linked = _urls(*listening.getsockname()[:2])
        # Imported only now: a refusal should not wait for Flask.
        from local.house import House, locked  # noqa: PLC0415
        from local.keys import settings_in  # noqa: PLC0415
        from local.people import seed  # noqa: PLC0415

        with locked(asked.data):
            if asked.fresh:
                _forget(asked.data)
            _log_into(asked.data / "helpdesk.log")
            _show("local.layout")
            house = House(asked.data, settings_in(asked.data, url=linked))
            try:
                seed(house)
                house.start()
                return _serve(house, listening, asked, url)
            finally:
                house.close()


def _serve(house: "House", listening: socket.socket, asked: Arguments, url: str) -> int:
    from local.server import Server  # noqa: PLC0415

    sys.setswitchinterval(SWITCH_S)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    server = Server(house.app(), listening, threads=THREADS, edge=house.edge)
    server.start()
    gc.freeze()  # what stands now stands until the end: no request waits until it is looked through
    arrived = True
    try:
        _greet(url, house.settings.url, asked)
        if asked.demo:
            from local.demo.tour import show  # noqa: PLC0415

            arrived = show(house.tickets, url, asked.demo, stopped=stopped)
        if not asked.once:
            stopped.wait()
            print("\nstopped; everything is kept", flush=True)
    finally:
        server.stop()
    return 0 if arrived else EXIT_DEMO


def _greet(url: str, linked: str, asked: Arguments) -> None:
    from local.people import PASSWORD, PEOPLE  # noqa: PLC0415

    print(f"Helpdesk is at {url} (data in {asked.data}, Ctrl-C stops it)")
    if linked != url:
        print(f"from other machines, and in mails, at {linked}")
    print()
    print(f"  accounts, all with the password {PASSWORD}:")
    for person in PEOPLE[:3]:
        print(f"    {person.email:<20} {person.role}")
    print(f"    and {len(PEOPLE) - 3} more moderators with other skills\n")
    if asked.once:
        return
    print("  try it:")
    print(f"    curl -s {url}/api/auth/login -H 'Content-Type: application/json' \\")
    print(f'      -d \'{{"email":"viewer@demo.com","password":"{PASSWORD}"}}\'', flush=True)


def _listening(asked: Arguments) -> socket.socket:
    """Return a bound socket, or raise OutsideError or InvalidInputError."""
    try:
        found = socket.getaddrinfo(asked.host, asked.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # the latter for a name too long for the DNS
        raise InvalidInputError(f"--host {asked.host}: no such address") from error
    family, kind, _, _, address = found[0]
    if not asked.expose and not ipaddress.ip_address(address[0]).is_loopback:
        raise InvalidInputError(
            f"--host {asked.host} can be reached from other machines, and the demo accounts have a"
            " public password: add --expose if that is what you want"
        )
    listening = socket.socket(family, kind)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(1024)
    except OSError as error:
        listening.close()
        hint = "; choose another with --port" if error.errno == errno.EADDRINUSE else ""
        raise OutsideError(f"port {asked.port}: {error.strerror}{hint}") from error
    return listening


def _urls(host: str, port: int) -> tuple[str, str]:
    """Return where this machine reaches the house, and where the links in mails lead."""
    address = ipaddress.ip_address(host)
    if address.is_unspecified:  # every address of this machine, and none that a link could name
        here = "[::1]" if address.version == 6 else "127.0.0.1"  # noqa: PLR2004 - IPv6
        return f"http://{here}:{port}", f"http://{socket.gethostname()}:{port}"
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return url, url


def _hush() -> None:
    """Let what is still to be printed go nowhere: its reader is gone."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - no path of ours
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _forget(folder: Path) -> None:
    """Delete what a helpdesk keeps in a folder, and nothing else that lies there."""
    try:
        for path in list(folder.iterdir()):
            if OWN_FILES.fullmatch(path.name):
                path.unlink()
    except OSError as error:
        raise OutsideError(f"{error.filename}: {error.strerror}") from error


def _log_into(path: Path) -> None:
    try:
        log.attach(RotatingFileHandler(path, maxBytes=LOG_MOST, backupCount=LOGS_KEPT))
    except OSError as error:
        raise OutsideError(f"{path}: {error.strerror}") from error
    logging.captureWarnings(capture=True)


def _show(name: str) -> None:
    """Print what a part of the house logs, too: somebody waits for it."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("helpdesk: %(message)s"))
    logging.getLogger(name).addHandler(handler)


if __name__ == "__main__":
    sys.exit(main())
