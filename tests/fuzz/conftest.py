"""What every fuzz needs: its seed, and a probe that works without a network."""

import pytest
from schemathesis.transport.wsgi import WSGITransport

SEED = 20260131
OF_SOCKETS = {"cert", "max_redirects", "proxies", "verify"}


@pytest.fixture(scope="session")
def seed(request):
    """Return what all chance comes from; `--hypothesis-seed=7` chooses another."""
    chosen = request.config.getoption("--hypothesis-seed")
    return int(chosen) if chosen else SEED


@pytest.fixture(autouse=True)
def no_secret_is_logged(watchman):
    """What is asked for and is not there is logged: a fuzzer asks for users called access_token."""
    yield
    watchman.found = [line for line in watchman.found if "there is no" not in line]
    watchman.check()


@pytest.fixture(scope="session", autouse=True)
def mended_probe():
    """Schemathesis 4.32 gives the probes of ignored_auth what its own WSGI side cannot take."""
    send = WSGITransport.send

    def mended(self, case, **given):
        return send(self, case, **{name: v for name, v in given.items() if name not in OF_SOCKETS})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WSGITransport, "send", mended)
        yield
