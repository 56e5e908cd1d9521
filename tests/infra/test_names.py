"""Nobody else owns the name of one of our packages: installed packages win over ours."""

import sys
from importlib.metadata import packages_distributions
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
OURS = {"api", "assign", "emulated", "gcp", "helpdesk", "local", "notify", "triage", "upkeep"}


def names_taken(ours):
    """Return every name of ours that someone else has, and who that is."""
    installed = packages_distributions()
    taken = {name: installed[name] for name in ours if name in installed}
    return taken | {name: ["Python"] for name in ours & sys.stdlib_module_names}


def test_our_names_are_ours():
    assert names_taken(OURS) == {}


def test_every_package_is_watched():
    packages = {path.parent.name for path in REPOSITORY.glob("functions/*/__init__.py")}

    assert packages
    assert packages <= OURS


def test_a_name_an_installed_package_has_is_found(tmp_path, monkeypatch):
    metadata = tmp_path / "planted-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n")
    (metadata / "top_level.txt").write_text("assign\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert names_taken(OURS) == {"assign": ["planted"]}


def test_a_name_the_standard_library_has_is_found():
    assert names_taken({"email", "triage"}) == {"email": ["Python"]}
