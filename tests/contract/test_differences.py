"""Each difference that is written down names the tests that show it, and they are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).with_name("differences.md")
TEST = re.compile(r"^`([\w/]+\.py)::(test_\w+)`$", re.MULTILINE)


def test_every_difference_belongs_to_a_test():
    _, *differences = PAGE.read_text().split("\n## ")

    named = {text.partition("\n")[0]: TEST.findall(text) for text in differences}

    assert named
    assert [title for title, tests in named.items() if not tests] == []
    assert [test for tests in named.values() for test in tests if not is_there(*test)] == []


def is_there(path, name):
    file = ROOT / path
    return file.is_file() and f"\ndef {name}(" in file.read_text()
