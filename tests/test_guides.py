"""What the guides show is true: their Python runs, their commands are real, their links lead somewhere."""

import json
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from pages import blocks, dead_links

from tabgen.cli import cli, main

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md"))
GUIDES = ["quickstart.md", "conditions.md", "substitution.md", "report.md", "tuning.md", "how-it-works.md"]
SLOW = ["interruptions.md", "privacy.md", "report.md", "scaling.md", "tuning.md"]
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))


def _commands(page):
    """Return the arguments of each line of a page that calls tabgen."""
    shown = [*blocks("console", page.read_text()), *blocks("bash", page.read_text())]
    lines = re.findall(r"^\$ (?:\S*/)?tabgen (.*)$", "".join(shown), re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


def _cells(notebook, kind):
    cells = json.loads(notebook.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]


def _run(sources, name):
    names = {"__name__": "__main__"}
    for source in sources:
        exec(compile(source, name, "exec"), names)
    return names


@pytest.mark.parametrize("page", [page for page in GUIDES if page not in SLOW])
def test_the_python_blocks_run_in_order(page, small_data):
    _run(blocks("python", (DOCS / page).read_text()), page)


@pytest.mark.slow
@pytest.mark.parametrize("page", SLOW)
def test_the_python_blocks_that_take_long_run_in_order(page, small_data):
    if page == "scaling.md":
        pytest.importorskip("distributed", reason="the extra tabgen[dask] is not installed")
    if page == "privacy.md":
        pytest.importorskip("dp_accounting", reason="the extra tabgen[privacy] is not installed")
    names = _run(blocks("python", (DOCS / page).read_text()), page)
    assert page != "scaling.md" or len(names["fake"]) == 1_000


@pytest.mark.parametrize("page", PAGES)
def test_commands_have_the_arguments_that_are_shown(page):
    for words in _commands(DOCS / page):
        if words[0] in cli.commands:
            command, own = cli.commands[words[0]], words[1:]
        else:
            command, own = cli.commands["synthesize"], words
        own = own[: min((own.index(sign) for sign in ("|", ">") if sign in own), default=len(own))]
        command.make_context("tabgen", own)  # complains of what it does not know


@pytest.mark.slow
@pytest.mark.parametrize("page", GUIDES)
def test_commands_run_in_order(page, small_data):
    customers = pd.read_csv("sample_data/customers.csv", dtype=str, keep_default_na=False)
    customers.head(600).to_csv("train.csv", index=False)
    customers.tail(200).to_csv("holdout.csv", index=False)
    customers.head(3).assign(tier="").to_csv("gaps.csv", index=False)
    Path("wishes.csv").write_text("tier,region\ngold,Germany\nsilver,\n")
    for words in _commands(DOCS / page):
        assert main(words) in ((0, 3) if "--fail-under" in words else (0,)), words


@pytest.mark.parametrize("path", [*(DOCS / page for page in PAGES), *NOTEBOOKS], ids=lambda path: path.name)
def test_links_lead_somewhere_and_pages_are_short(path):
    assert dead_links(path) == []
    assert path.suffix == ".ipynb" or len(path.read_text().splitlines()) <= 200


@pytest.mark.parametrize("page", [*PAGES, "../README.md"])
def test_links_to_headings_have_one(page):
    path = DOCS / page
    for file, heading in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", path.read_text()):
        aim = path.parent / file if file else path
        titles = re.findall(r"^#+ (.*)$", aim.read_text(), re.MULTILINE)
        assert heading in [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


def test_all_pages_and_notebooks_are_listed():
    listed = (DOCS / "README.md").read_text()
    for name in [*PAGES, *(f"notebooks/{path.name}" for path in NOTEBOOKS)]:
        assert name == "README.md" or f"]({name})" in listed, name


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(notebook, small_data):
    facts = json.loads(notebook.read_text())
    assert (facts["nbformat"], facts["nbformat_minor"]) == (4, 5)
    assert all(not cell.get("outputs") for cell in facts["cells"])
    assert len({cell["id"] for cell in facts["cells"]}) == len(facts["cells"])
    _run(_cells(notebook, "code"), notebook.name)
