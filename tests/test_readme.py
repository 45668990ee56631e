"""What the README shows is true: its Python runs, its shell blocks are checked, its links lead somewhere."""

import re
import subprocess
from pathlib import Path

import pytest
from pages import blocks, dead_links

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_python_blocks_run_in_order(small_data):
    names = {}
    for block in blocks("python", README):
        exec(compile(block, "README.md", "exec"), names)
    assert names["fake"].columns.equals(names["wine"].columns)
    assert len(names["again"]) == 1_000


def test_ci_executes_the_first_two_bash_blocks():
    script = (ROOT / ".ci" / "run").read_text()
    cutter = next(line for line in script.splitlines() if line.startswith("block()"))
    assert re.findall(r"^run_block (\d)$", script, re.MULTILINE) == ["1", "2"]
    for number, block in enumerate(blocks("bash", README)[:2], start=1):
        cut = subprocess.run(
            ["bash", "-c", f"{cutter}\nblock {number}"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert cut.stdout == block


def test_the_bash_blocks_do_the_main_job_and_run_the_tests():
    first, second = blocks("bash", README)[:2]
    assert "pip install" in first
    assert "tabgen sample_data/customers.csv synthetic.csv" in first
    assert second.splitlines()[-1].endswith("pytest")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "sample_data/README.md"])
def test_relative_links_lead_somewhere(page):
    assert dead_links(ROOT / page) == []
