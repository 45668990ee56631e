"""The report needs nothing but itself, says what was found, and shows nobody's row."""

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from tables import HARD

from tabgen import TableError
from tabgen.pictures import picture
from tabgen.report import write_report

HOSTILE = "<script>alert('x')</script>"


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def attributes(self, name, *tags):
        return [facts[name] for tag, facts in self.tags if name in facts and (not tags or tag in tags)]


def _drawn(html):
    """Return all SVG pictures of a page as one text."""
    return "".join(
        base64.b64decode(data).decode() for data in re.findall(r'data:image/svg\+xml;base64,([^"]*)', html)
    )


@pytest.fixture(scope="module")
def mixed(people):
    """Return the shared table, one of its names hostile, beside a reordered and disturbed copy."""
    real = people.rename(columns={"city": HOSTILE})
    other = real.sample(frac=1, random_state=0).assign(age=real["age"] + 5).reset_index(drop=True)
    return real, other.assign(key=[f"CD-{n:06d}" for n in range(len(real))])


@pytest.fixture(scope="module")
def written(mixed, fitted, tmp_path_factory):
    """Return a report of everything that can be asked, and its scorecard."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    real, synthetic = mixed
    card = write_report(
        real.head(200), synthetic, path, holdout=real.tail(107), target="member", history=fitted.history_
    )
    return path.read_text(), card


@pytest.fixture(scope="module")
def html(written):
    return written[0]


def test_the_report_needs_nothing_but_itself(html):
    page = Page(html)
    assert re.findall(r"https?://|@import|url\(", html) == []
    assert {tag for tag, _ in page.tags} & {"link", "script", "iframe", "object", "embed", "base"} == set()
    assert [name for _, facts in page.tags for name in facts if name.startswith("on")] == []
    sources = page.attributes("src", "img")
    assert len(sources) > 20
    assert {source[:19] for source in sources} == {"data:image/svg+xml;"}
    assert re.findall(r"<script|\bon\w+=", _drawn(html)) == []


def test_links_lead_to_parts_of_the_page(html):
    page = Page(html)
    marks = page.attributes("id")
    assert len(marks) == len(set(marks))
    links = page.attributes("href", "a")
    assert set(links) <= {f"#{mark}" for mark in marks}
    assert {"#verdict", "#scores", "#columns", "#pairs", "#training", "#more"} <= set(links)


def test_the_report_can_be_listened_to(html):
    page = Page(html)
    assert page.attributes("lang", "html") == ["en"]
    headings = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert headings.count(1) == 1
    assert max(np.diff(headings)) == 1  # no level is left out on the way down
    images = [facts for tag, facts in page.tags if tag == "img"]
    assert [facts for facts in images if not facts.get("alt")] == []
    tables = [tag for tag, _ in page.tags].count("table")
    assert [tag for tag, _ in page.tags].count("caption") == tables
    assert {facts.get("scope") for tag, facts in page.tags if tag == "th"} == {"col", "row", "rowgroup"}


def test_the_verdict_is_on_top_with_its_reasons(written):
    html, card = written
    assert html.index("verdict") < html.index("Scorecard")
    for reason in card.verdict.reasons:
        assert reason.text.replace("'", "&#39;") in html
    assert f"<title>Synthetic data report: {card.verdict.light}</title>" in html
    assert len(re.findall(r'class="strip"', html)) == len([r for r in card.verdict.reasons if r.score])
    for name in card.scores["name"]:
        assert f"<code>{name}</code>" in html


def test_hostile_column_names_are_escaped(html):
    assert HOSTILE not in html
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in html
    assert HOSTILE not in _drawn(html)


def test_the_report_holds_no_value_of_the_table(html, people):
    text = re.sub(r"base64,[^\"]*", "", html) + _drawn(html)
    values = people[["key", "height", "joined"]].astype(str)
    assert "height" in text
    assert [value for value in values.to_numpy().ravel() if value in text] == []


def test_rare_and_extreme_values_are_masked(tmp_path):
    rng = np.random.default_rng(0)
    real = pd.DataFrame(
        {"town": ["Rome"] * 196 + ["Atlantis"] * 4, "pay": rng.normal(3_000, 500, 200).round()}
    )
    real.loc[0, "pay"] = 987_654
    write_report(real, real, tmp_path / "report.html")
    drawn = _drawn((tmp_path / "report.html").read_text())
    assert "Rome" in drawn
    assert "rare values" in drawn
    words = " ".join(re.findall(">([^<]+)<", drawn))
    assert "3000" in words
    assert re.findall("Atlantis|98[67]|9[.]8", words) == []


def test_the_report_names_what_was_replaced(html):
    assert re.search(r"Replaced, never learned</h3></summary>\s*<p>key: identifiers", html)


def test_training_is_read_and_drawn(html):
    section = html[html.index('id="training"') : html.index('id="more"')]
    assert "<b>vae: " in section
    assert 'alt="Training curves by epoch"' in section


def test_parts_that_were_not_asked_for_are_left_out(mixed, tmp_path):
    real, synthetic = (table[["age", "member"]] for table in mixed)
    write_report(real, synthetic, tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text()
    assert "Name a target column" in html
    assert "two halves of the real table" in html
    for mark in ("training", "utility", "distances", "missing", "calendar-1"):
        assert f'id="{mark}"' not in html


def test_a_fitted_model_reports_on_itself(fitted, people, tmp_path):
    path = tmp_path / "report.html"
    people.head(60).to_parquet(tmp_path / "real.parquet")
    card = fitted.report(tmp_path / "real.parquet", path, seed=3)
    assert (card.rows["real"], card.rows["synthetic"]) == (60, 60)
    assert "Training curves" in path.read_text()
    with pytest.raises(TableError, match="already exists"):
        fitted.report(people, path, force=False)


def test_a_fitted_model_passes_on_what_is_asked(fitted, people, monkeypatch):
    asked = {}

    def note(*tables, **more):
        asked.update(more, tables=tables)

    monkeypatch.setattr("tabgen.report.write_report", note)
    fitted.report(people, "report.html", n=7, holdout=people.head(5), target="member", seed=3)
    real, drawn, path = asked.pop("tables")
    assert (len(real), len(drawn), path) == (len(people), 7, "report.html")
    assert drawn.equals(fitted.sample(7, seed=3))
    assert asked.pop("holdout").equals(people.head(5))
    assert asked.pop("history") is fitted.history_
    assert asked == {"target": "member", "seed": 3, "force": True}


@pytest.mark.slow
def test_the_same_tables_make_the_same_page(mixed, tmp_path):
    small = mixed[0][["age", "member"]]
    pages = []
    for name in ("one.html", "other.html"):
        write_report(small, small, tmp_path / name, seed=1)
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]


def test_an_existing_report_is_kept_without_force(mixed, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("precious")
    small = mixed[0][["age", "member"]]
    with pytest.raises(TableError, match="already exists"):
        write_report(small, small, path)
    assert path.read_text() == "precious"
    write_report(small, small, path, force=True)
    assert path.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    "name", ["only keys", "all missing levels", "moments", "foreign letters", "few rows"]
)
def test_any_table_has_a_report(name, tmp_path):
    write_report(HARD[name], HARD[name], tmp_path / "report.html")
    assert "Scorecard" in (tmp_path / "report.html").read_text()


def test_a_small_picture_has_two_looks():
    figure = Figure(figsize=(4, 3))
    figure.subplots().plot([1, 2], color="#0072b2")
    shown = picture(figure, "a line")
    svg = base64.b64decode(shown.source.partition("base64,")[2]).decode()
    assert (shown.width, shown.height, shown.alt) == (384, 288, "a line")
    assert svg.startswith("<svg ")
    assert "@media (prefers-color-scheme:dark)" in svg
    assert "<text" in svg  # letters stay letters, for fonts that have them


def test_a_large_picture_is_png():
    figure = Figure()
    rng = np.random.default_rng(0)
    figure.subplots().scatter(*rng.normal(size=(2, 5_000)))
    shown = picture(figure, "many points")
    assert shown.source.startswith("data:image/png;base64,")
    assert len(shown.source) < 200_000
