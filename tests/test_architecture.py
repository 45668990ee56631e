"""The house of CONTRIBUTING.md: a file imports only from its own floor or lower ones."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(path for path in (ROOT / "tabgen").rglob("*.py") if path.name != "__main__.py")
ROWS = re.findall(r"^\| (\d+) \| (.+?) \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
FLOORS = {name: int(floor) for floor, cell in ROWS for name in re.findall(r"`(\w+)(?:\.py|/)`", cell)}


def _place(path):
    """Return the name that the table has for a file: ``encoding`` for all of ``encoding/``."""
    return path.relative_to(ROOT / "tabgen").with_suffix("").parts[0]


def _imports(tree):
    """Return the modules that a file imports anywhere but for its types."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from _imports(node)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_keeps_to_the_house(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    assert path.stem not in {"utils", "common", "base", "helpers"}
    imports = list(_imports(ast.parse(text)))
    if _place(path) == "models":
        assert [name for name in imports if name.split(".")[0] == "pandas"] == []
    own = [name.split(".")[1] for name in imports if name.startswith("tabgen.")]
    floor = FLOORS.get(_place(path), 0)  # the package itself names its parts, but imports none
    assert {name: FLOORS[name] for name in own if FLOORS.get(name, 0) > floor} == {}


def test_every_file_has_a_floor():
    assert {_place(path) for path in FILES} - {"__init__"} == set(FLOORS)
