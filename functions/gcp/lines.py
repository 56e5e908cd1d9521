"""The log of a function: JSON lines on standard output, where Cloud Logging reads them."""

import sys

from gcp.once import once
from helpdesk import log
from helpdesk.settings import project_name


@once
def begin() -> None:
    """Send this process's log there, before the first thing it may have to say."""
    log.configure(sys.stdout, project=project_name())
