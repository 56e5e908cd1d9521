"""The kernel imports nothing but the standard library and itself, whatever a library is called."""

import ast
import sys
from pathlib import Path

import pytest

KERNEL = Path(__file__).parents[2] / "functions" / "helpdesk"


def foreign_imports(package):
    """List every import in the package that is neither its own nor the standard library's."""
    modules = sorted(package.rglob("*.py"))
    assert modules, f"no module in {package}"
    known = sys.stdlib_module_names | {package.name}
    return [
        f"{module.relative_to(package)}:{line} {name}"
        for module in modules
        for line, name in imported_names(ast.parse(module.read_text(encoding="utf-8")))
        if name.partition(".")[0] not in known
    ]


def imported_names(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module


def test_the_kernel_imports_only_the_standard_library():
    assert foreign_imports(KERNEL) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import requests", "inner/planted.py:1 requests"),
        ("from attrs import frozen", "inner/planted.py:1 attrs"),
        ("def late():\n    import numpy.linalg", "inner/planted.py:2 numpy.linalg"),
        ("import json, yaml", "inner/planted.py:1 yaml"),
    ],
)
def test_a_foreign_import_is_found(tmp_path, line, found):
    package = tmp_path / "helpdesk"
    (package / "inner").mkdir(parents=True)
    (package / "ticket.py").write_text("import json\nfrom helpdesk import user\nfrom . import user")
    (package / "inner" / "planted.py").write_text(line)

    assert foreign_imports(package) == [found]
