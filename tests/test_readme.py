"""What the README shows is true: its Python runs, its shell blocks are checked, its links lead somewhere."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def _blocks(language, text=README):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def small_data(tmp_path, monkeypatch):
    """Go to a folder with the sample data, of the customers only the first ones."""
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    customers = tmp_path / "sample_data" / "customers.csv"
    customers.write_text("".join(customers.read_text().splitlines(keepends=True)[:801]))
    monkeypatch.chdir(tmp_path)


def test_the_python_blocks_run_in_order(small_data):
    names = {}
    for block in _blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    assert names["fake"].columns.equals(names["wine"].columns)
    assert len(names["again"]) == 1_000


@pytest.mark.slow
def test_the_python_blocks_on_clusters_and_serving_run_in_order(small_data):
    pytest.importorskip("distributed", reason="the extra tabgen[dask] is not installed")
    names = {}
    for block in _blocks("python", (ROOT / "docs" / "scaling.md").read_text()):
        exec(compile(block, "scaling.md", "exec"), names)
    assert len(names["fake"]) == 1_000


def test_ci_executes_the_first_two_bash_blocks():
    script = (ROOT / ".ci" / "run").read_text()
    cutter = next(line for line in script.splitlines() if line.startswith("block()"))
    assert re.findall(r"^run_block (\d)$", script, re.MULTILINE) == ["1", "2"]
    for number, block in enumerate(_blocks("bash")[:2], start=1):
        cut = subprocess.run(
            ["bash", "-c", f"{cutter}\nblock {number}"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert cut.stdout == block


def test_the_bash_blocks_do_the_main_job_and_run_the_tests():
    first, second = _blocks("bash")[:2]
    assert "pip install" in first
    assert "tabgen sample_data/customers.csv synthetic.csv" in first
    assert second.splitlines()[-1].endswith("pytest")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/scaling.md", "sample_data/README.md"])
def test_relative_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text())
    local = [link for link in links if not re.match(r"\w+:", link)]
    assert [link for link in local if not (ROOT / page).parent.joinpath(link).exists()] == []
