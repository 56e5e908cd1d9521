"""The pages in docs/ name what is there, all of it and nothing else."""

import re
from pathlib import Path

import pytest

from api.routes import ROUTES
from helpdesk.events import EventType

ROOT = Path(__file__).parents[2]
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def modules():
    return [
        path.relative_to(ROOT / folder)
        for folder in ("functions", "local")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name != "__init__.py"
    ]


@pytest.mark.parametrize("module", modules(), ids=str)
def test_every_module_has_its_line_in_the_architecture(module):
    room = module.parts[0] if len(module.parts) > 1 else "local"

    assert is_named(module, room)


def test_a_module_without_its_line_would_be_seen():
    assert not is_named(Path("unheard_of.py"), "local")
    assert not is_named(Path("triage/unheard_of.py"), "triage")


def is_named(module, room):
    if room == "demo":
        return "`demo/`" in ARCHITECTURE
    names = {f"`{module.name}`", f"`{module}`", f"`local/{module}`"}
    return any(name in ARCHITECTURE for name in names)


def test_the_architecture_names_no_module_that_is_gone():
    names = {module.name for module in modules()}

    named = {name.rpartition("/")[2] for name in re.findall(r"`([\w/]+\.py)[`:]", ARCHITECTURE)}

    tests = {path.name for path in (ROOT / "tests").rglob("*.py")}
    assert named <= names | tests


def test_every_event_that_wakes_a_step_is_on_the_line():
    for event in (EventType.TICKET_CREATED, EventType.TICKET_TRIAGED, EventType.TICKET_ASSIGNED):
        assert f"{event.value} wakes" in ARCHITECTURE


def test_every_setting_is_documented_and_nothing_else():
    settings = (ROOT / "functions/helpdesk/settings.py").read_text(encoding="utf-8")

    read = set(re.findall(r'"(HELPDESK_\w+|\w+_EMULATOR_HOST)"', settings))

    assert "HELPDESK_TOKEN_KEYS" in read
    assert set(re.findall(r"`(HELPDESK_\w+|\w+_EMULATOR_HOST)`", OPERATIONS)) == read


def test_every_decision_is_listed():
    folder = ROOT / "docs/decisions"
    pages = {path.name for path in folder.glob("0*.md")}

    assert set(re.findall(r"\((0[\w-]+\.md)\)", (folder / "README.md").read_text())) == pages


def test_every_route_is_under_the_api_or_is_the_health_check():
    others = {route.path for route in ROUTES if not route.path.startswith("/api/")}

    assert others == {"/healthz", "/reset"}
