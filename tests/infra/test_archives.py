"""The archive rule: what is in a function's archive, and what is not."""

import pytest

from emulated.archives import SOURCE, functions, lay_out


def test_the_functions_are_those_with_a_main():
    assert functions() == ("api", "assign", "notify", "triage", "upkeep")


@pytest.mark.parametrize("function", functions())
def test_an_archive_holds_its_function_the_kernel_and_the_adapters_alone(function, tmp_path):
    archive = lay_out(function, tmp_path / function)

    top = {path.name for path in archive.iterdir()}
    assert top == {"main.py", "requirements.txt", function, "gcp", "helpdesk"}
    assert not (archive / function / "main.py").exists()
    assert (archive / "helpdesk" / "indexes.json").exists()


@pytest.mark.parametrize("function", functions())
def test_what_is_lifted_is_what_stands_in_the_folder(function, tmp_path):
    archive = lay_out(function, tmp_path / function)

    for name in ("main.py", "requirements.txt"):
        assert (archive / name).read_bytes() == (SOURCE / function / name).read_bytes()


def test_data_files_travel_with_their_function(tmp_path):
    archive = lay_out("triage", tmp_path / "triage")

    assert (archive / "triage" / "prompt.txt").exists()
    assert (archive / "triage" / "lexicon.json").exists()


def test_nothing_that_tools_make_is_in_an_archive(tmp_path):
    archive = lay_out("api", tmp_path / "api")

    assert [path for path in archive.rglob("*") if path.name == "__pycache__"] == []
    assert list(archive.rglob("*.in")) == []


@pytest.mark.parametrize("function", functions())
def test_an_entry_point_is_wiring_of_forty_lines_at_most(function):
    lines = (SOURCE / function / "main.py").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 40


def test_a_function_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(LookupError):
        lay_out("helpdesk", tmp_path / "helpdesk")
