"""`python -m emulated` says in one line what is wrong or missing, and how it went by its code."""

import pytest

from emulated import emulators
from emulated.__main__ import EXIT_START, EXIT_USAGE, main
from emulated.emulators import Emulator, MissingError


@pytest.mark.parametrize("words", [["--demo", "0"], ["--demo", "x"], ["--once"], ["--nonsense"]])
def test_a_wrong_command_line_is_told_in_one_line(capsys, words):
    with pytest.raises(SystemExit) as left:
        main(words)

    assert left.value.code == EXIT_USAGE
    said = capsys.readouterr().err
    assert said.startswith("emulated: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("programs", "lacking"),
    [
        ((), "Java"),
        (("java",), "gcloud"),
        (("java", "gcloud"), "gcloud components install cloud-firestore-emulator"),
    ],
)
def test_what_is_not_installed_is_named(capsys, monkeypatch, tmp_path, programs, lacking):
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    for name in programs:
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)

    code = main([])

    assert code == EXIT_START
    said = capsys.readouterr().err
    assert lacking in said
    assert said.count("\n") == 1
    assert emulators.missing() in said


def test_an_emulator_that_ends_at_once_is_told():
    with pytest.raises(MissingError, match="ended with exit code"), Emulator(["false"]):
        pass
