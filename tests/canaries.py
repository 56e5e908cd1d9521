"""What no log may ever hold, and the handler that watches every line of the suite for it."""

import logging
import re

from helpdesk.log import JsonLine

# A secret is known by its shape. Those of the suite that have none, its passwords, by their words.
CANARIES = {
    "a kept password": r"\$2[abxy]?\$\d\d\$",
    "an access token": r"\beyJ[\w-]{8}",
    "a token in a header": r"\b[Aa]uthorization['\"\\]*\s*[:=,]|\bBearer [\w.~-]{8}",
    # 256 bits in base64: the proof in a link, a refresh token, a key. No name has all three kinds.
    "256 secret bits": r"(?<![\w+/-])(?=[\w+/-]*[A-Z])(?=[\w+/-]*[a-z])(?=[\w+/-]*\d)"
    r"[\w+/-]{43}(?![\w+/-])",
    "a link": r"/reset#",
    "a field of a body": r"\b(?:refresh_token|access_token|current_password|new_password)\b",
    "a password": r"quite private phrase|demopassword|not the password|choice of whoever asks",
    "a key of the mail provider": r"\bSG\.[\w-]{8}",
    "the body of a letter": r"\bHello \w+,|, perhaps you,",
}
_ANY = re.compile("|".join(CANARIES.values()))


class Watchman(logging.Handler):
    """Reads every line as it would be written, and remembers what should not be in it."""

    def __init__(self):
        super().__init__()
        self.found = []
        self._form = JsonLine()

    def emit(self, record):
        said = f"{self._form.format(record)}\n{record.msg}\n{record.args}"
        if _ANY.search(said):
            name = next(name for name, shape in CANARIES.items() if re.search(shape, said))
            self.found.append(f"{name} in a line of {record.name}: {said}")

    def check(self):
        """Fail when a secret was logged since the last time."""
        found, self.found = self.found, []
        assert not found, "\n\n".join(found)
