"""Who may know whom: the contracts of .importlinter hold, and each of them can break."""

import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

# What breaks each contract: module files, and the line added to them.
PLANTS = {
    "kernel": [
        {"functions/helpdesk/ticket.py": "import pydantic"},
        {"functions/helpdesk/ticket.py": "import api.tickets"},
    ],
    "functions": [
        {"functions/triage/step.py": "import assign.choose"},
        {"functions/assign/step.py": "import triage.planted", "functions/triage/planted.py": ""},
        {"functions/upkeep/relay.py": "import notify"},
    ],
    "decisions": [
        {"functions/api/tickets.py": "import flask"},
        {"functions/notify/letters.py": "def late() -> None:\n    import sendgrid"},
        {
            "functions/triage/step.py": "import triage.planted",
            "functions/triage/planted.py": "import google.cloud.firestore",
        },
    ],
    "deployed": [
        {"functions/gcp/cloud.py": "import emulated.tasks"},
        {"local/house.py": "import emulated.server"},
    ],
    "local": [
        {"local/__init__.py": "import gcp.firestore"},
        {
            "local/__init__.py": "import triage.planted",
            "functions/triage/planted.py": "from google import genai",
        },
    ],
}


def contract_names():
    config = ConfigParser()
    config.read(REPOSITORY / ".importlinter")
    head = "importlinter:contract:"
    return {
        section.removeprefix(head): config[section]["name"]
        for section in config.sections()
        if section.startswith(head)
    }


def lint(tree):
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as lint; lint()",
            "--no-cache",
        ],
        cwd=tree,
        env={"PYTHONPATH": f"{tree / 'functions'}:{tree}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def copy_of_the_tree(folder):
    clean = shutil.ignore_patterns("__pycache__")
    for name in ("functions", "local", "emulated"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=clean)
    shutil.copy(REPOSITORY / ".importlinter", folder)
    return folder


def test_every_contract_holds():
    report = lint(REPOSITORY)

    assert report.returncode == 0, report.stdout + report.stderr
    for name in contract_names().values():
        assert f"{name} KEPT" in report.stdout


def test_every_contract_has_a_violation_to_break_it():
    assert set(PLANTS) == set(contract_names())


@pytest.mark.parametrize(
    ("contract", "plant"),
    [(contract, plant) for contract, plants in PLANTS.items() for plant in plants],
)
def test_a_planted_import_breaks_its_contract(tmp_path, contract, plant):
    tree = copy_of_the_tree(tmp_path)
    for path, line in plant.items():
        with (tree / path).open("a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")

    report = lint(tree)

    assert f"{contract_names()[contract]} BROKEN" in report.stdout, report.stdout + report.stderr
    assert report.returncode == 1
