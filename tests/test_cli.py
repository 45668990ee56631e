"""The command line: files in and out keep their look, errors come early and with the right exit status."""

import gzip
import io
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tabgen import Schema, TabularGAN, __version__
from tabgen.cli import main
from tabgen.evaluation import Scorecard
from tabgen.modelfile import load_parts
from tabgen.tables import read_table

ROOT = Path(__file__).parents[1]
COLUMNS = ["customer_id", "postal_code", "birth_date", "tier", "income", "newsletter", "referred"]
LOOKS = {
    "customer_id": r"C-\d{6}",
    "postal_code": r"\d{5}",
    "birth_date": r"(19|20)\d\d-\d\d-\d\d",
    "tier": "bronze|silver|gold|platinum",
    "income": r"(\d{1,3}(,\d{3})*\.\d\d)?",
    "newsletter": "yes|no",
    "referred": "yes|no|",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a text table and with all that the one-shot makes of it."""
    folder = tmp_path_factory.mktemp("cli")
    table = read_table(ROOT / "sample_data" / "customers.csv").frame
    table[COLUMNS].head(400).to_csv(folder / "real.csv", index=False)
    extra = ["--model-file", str(folder / "model.tabgen"), "--report", str(folder / "report.html")]
    assert _once(folder, "fake.csv", *extra) == 0
    return folder


@pytest.fixture
def plain(tmp_path):
    """Return a table in which nothing is to be learned, so that it takes no training."""
    path = tmp_path / "plain.csv"
    rows = [f'"{number}";"a;b"\r\n' for number in range(1, 31)]
    path.write_bytes("".join(['"id";"unit"\r\n', *rows]).encode("cp1252"))
    return path


@pytest.fixture
def no_training(monkeypatch):
    def fit(*_, **__):
        pytest.fail("training was begun")

    monkeypatch.setattr(TabularGAN, "fit", fit)


def _once(folder, target, *more):
    words = [str(folder / "real.csv"), str(folder / target), "--epochs", "1", "--seed", "1", "--quiet"]
    return main([*words, *more])


def _run(command, **facts):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, env=environment, **facts)


def test_the_one_shot_writes_as_many_rows_of_the_same_look(folder):
    fake = read_table(folder / "fake.csv").frame
    assert list(fake) == COLUMNS
    assert len(fake) == 400
    for name, look in LOOKS.items():
        assert fake[name].str.fullmatch(look).all(), name
    assert fake["postal_code"].str.startswith("0").any()
    assert fake["income"].str.contains(",").any()
    assert (fake["income"] == "").any()


def test_the_saved_model_continues_the_one_shot(folder, capsys):
    assert main(["sample", str(folder / "model.tabgen"), "-", "--rows", "400", "--seed", "1"]) == 0
    out, err = capsys.readouterr()
    assert out == (folder / "fake.csv").read_text()
    assert err == "Wrote 400 rows to standard output.\n"


def test_the_report_of_the_one_shot_is_there(folder):
    html = (folder / "report.html").read_text()
    assert "postal_code" in html
    assert "Training" in html


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.CSV.gz", "x.tsv.gz", "x.parquet", "x.feather"])
def test_sample_writes_every_format(folder, tmp_path, name):
    model, target = folder / "model.tabgen", tmp_path / name
    assert main(["sample", str(model), str(target), "--rows", "20", "--seed", "3", "--quiet"]) == 0
    expected = TabularGAN.load(model).sample(20, seed=3)
    pd.testing.assert_frame_equal(read_table(target).frame, expected)
    data = target.read_bytes()
    text = gzip.decompress(data) if name.endswith(".gz") else data
    assert (b"customer_id\tpostal_code" in text) == (".tsv" in name)


def test_sample_draws_what_is_asked(folder, tmp_path):
    model, target, given = (str(folder / "model.tabgen"), tmp_path / "x.csv", tmp_path / "given.csv")
    asked = "tier in ('gold', 'silver') and income >= 3000 and birth_date < '1990-01-01'"
    assert main(["sample", model, str(target), "--rows", "30", "--where", asked, "--quiet"]) == 0
    drawn = read_table(target).frame
    assert set(drawn["tier"]) <= {"gold", "silver"}
    assert drawn["income"].str.replace(",", "").astype(float).min() >= 3_000
    assert drawn["birth_date"].max() < "1990-01-01"
    assert main(["sample", model, str(target), "--rows", "40", "--rebalance", "tier", "--force"]) == 0
    assert read_table(target).frame["tier"].value_counts().tolist() == [10] * 4
    given.write_text("tier,income\ngold,\nsilver,\n")
    assert main(["sample", model, str(target), "--given", str(given), "--force", "--quiet"]) == 0
    assert read_table(target).frame["tier"].tolist() == ["gold", "silver"]


def test_gaps_are_filled_and_rows_scored(folder, tmp_path, capsys):
    model, filled, scored = str(folder / "model.tabgen"), tmp_path / "filled.csv", tmp_path / "scored.csv"
    holes = read_table(folder / "real.csv").frame.head(40)
    holes.loc[::2, "tier"] = ""
    holes.to_csv(tmp_path / "holes.csv", index=False)
    assert main(["complete", model, str(tmp_path / "holes.csv"), str(filled), "--seed", "1"]) == 0
    table = read_table(filled).frame
    assert (table["tier"] != "").all()
    assert table["tier"][1::2].equals(holes["tier"][1::2])
    assert table["customer_id"].equals(holes["customer_id"])
    assert main(["score", model, str(filled), str(scored)]) == 0
    assert (read_table(scored).frame["log_prob"].astype(float) < 0).all()
    assert capsys.readouterr().err.endswith(f"Wrote 40 rows to {scored}.\n")
    assert main(["score", model, str(scored), str(tmp_path / "more.csv")]) == 1
    assert "has a column 'log_prob' already" in capsys.readouterr().err


def test_sample_of_no_rows_is_a_header(folder, capsys):
    assert main(["sample", str(folder / "model.tabgen"), "-", "--rows", "0", "--quiet"]) == 0
    assert capsys.readouterr() == (",".join(COLUMNS) + "\n", "")


def test_fit_saves_a_model(plain, tmp_path, capsys):
    target = tmp_path / "plain.tabgen"
    assert main(["fit", str(plain), str(target)]) == 0
    assert load_parts(target, network=False).schema.names == ["id", "unit"]
    assert "Saved the model to" in capsys.readouterr().err


@pytest.mark.parametrize("how", ["auto", "strict", "off"])
def test_fit_protects_as_it_is_told(plain, tmp_path, how):
    assert main(["fit", str(plain), str(tmp_path / "plain.tabgen"), "--protect", how]) == 0
    parts = load_parts(tmp_path / "plain.tabgen", network=False)
    assert parts.parameters["protection"] == (None if how == "off" else how)
    assert (parts.protection.protection is None) == (how != "strict")  # 30 rows: too few for auto


def test_a_file_keeps_its_delimiter_quotes_and_line_ends(plain, tmp_path, capsys):
    target = tmp_path / "out.csv"
    assert main([str(plain), str(target), "--rows", "2"]) == 0
    assert target.read_bytes() == b'"id";"unit"\r\n"31";"a;b"\r\n"32";"a;b"\r\n'
    assert capsys.readouterr().err.startswith(f"Wrote 2 rows to {target} (nothing to learn")


def test_standard_input_and_output(plain, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(plain.read_bytes())))
    assert main(["-", "-", "--rows", "1", "--quiet"]) == 0
    assert capsys.readouterr() == ('"id";"unit"\r\n"31";"a;b"\r\n', "")


def test_force_replaces_existing_files(plain, tmp_path, capsys):
    target = tmp_path / "old.csv"
    target.write_text("precious")
    assert main([str(plain), str(target), "--rows", "1"]) == 1
    assert target.read_text() == "precious"
    assert main([str(plain), str(target), "--rows", "1", "--force"]) == 0
    assert "31" in target.read_text()
    assert "already exists. Choose another name or pass --force." in capsys.readouterr().err


@pytest.mark.parametrize("file", ["real.csv", "model.tabgen"])
def test_inspect_tells_what_each_column_is(folder, file, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    assert main(["inspect", str(folder / file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    for column in load_parts(folder / "model.tabgen", network=False).schema.columns:
        line = next(line for line in lines if str(column.name) in line)
        assert f" {column.kind} " in line
        assert column.reason in line
    assert main(["inspect", str(folder / file), "--json"]) == 0
    assert (
        Schema.from_json(capsys.readouterr().out) == load_parts(folder / "model.tabgen", network=False).schema
    )


def test_inspect_takes_column_names_as_they_are(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    path = tmp_path / "odd.csv"
    path.write_text("[/b],[red],:smile:\n" + "1,2,3\n4,5,6\n" * 5)
    assert main(["inspect", str(path)]) == 0
    out = capsys.readouterr().out
    assert [name for name in ("[/b]", "[red]", ":smile:") if name not in out] == []


def test_report_compares_two_files(folder, tmp_path, capsys):
    target = tmp_path / "report.html"
    assert main(["report", str(folder / "real.csv"), str(folder / "fake.csv"), str(target)]) == 0
    assert "<!doctype html>" in target.read_text()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"Wrote the report to {target}: the verdict is ")


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """Return a folder with a real table, held-out rows, a table of the same law, and one out of joint."""
    folder = tmp_path_factory.mktemp("judged")
    rng = np.random.default_rng(0)
    for name in ("real", "held_out", "good"):
        x = rng.normal(size=600).round(3)
        pd.DataFrame({"x": x, "y": np.where(x > 0, "yes", "no")}).to_csv(folder / f"{name}.csv", index=False)
    bad = pd.read_csv(folder / "good.csv").assign(y=["yes", "no"] * 300)
    bad.to_csv(folder / "bad.csv", index=False)
    return folder


@pytest.mark.parametrize(
    ("synthetic", "least", "status"),
    [
        ("good", "green", 0),
        pytest.param("good", "amber", 0, marks=pytest.mark.slow),
        pytest.param("bad", "green", 3, marks=pytest.mark.slow),
        ("bad", "amber", 3),
        ("bad", None, 0),
    ],
)
def test_report_fails_under_a_light(judged, tmp_path, capsys, synthetic, least, status):
    files = [str(judged / f"{name}.csv") for name in ("real", synthetic)]
    words = ["report", *files, str(tmp_path / "r.html"), "--holdout", str(judged / "held_out.csv")]
    assert main([*words, *(["--fail-under", least] if least else [])]) == status
    assert f"the verdict is {'green' if synthetic == 'good' else 'red'}." in capsys.readouterr().err
    assert (tmp_path / "r.html").exists()


def test_report_prints_the_scorecard_as_json(judged, tmp_path, capsys):
    files = [str(judged / "real.csv"), str(judged / "good.csv"), str(tmp_path / "r.html")]
    assert main(["report", *files, "--target", "y", "--json", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert Scorecard.from_json(out).value("tstr") > 0.95


def test_report_fails_under_no_other_light(judged, capsys):
    assert main(["report", "a.csv", "b.csv", "r.html", "--fail-under", "pink"]) == 2
    assert "'pink' is not one of 'green', 'amber'" in capsys.readouterr().err


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"tabgen, version {__version__}\n"


@pytest.mark.parametrize(
    "words", [["--help"], ["fit", "--help"], ["sample", "-h"], ["synthesize", "--help"]], ids=" ".join
)
def test_help_loads_nothing_heavy(words):
    code = (
        "import sys; from tabgen.cli import main; status = main(sys.argv[1:]); "
        "print({'tensorflow', 'keras', 'pandas', 'numpy'} & set(sys.modules)); sys.exit(status)"
    )
    done = _run([sys.executable, "-c", code, *words], text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: tabgen" in done.stdout
    assert "\\b" not in done.stdout  # the mark that keeps lines apart is for click, not for the reader
    assert done.stdout.endswith("set()\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["IN.csv"], "Missing argument 'OUT'"),
        (["IN", "OUT", "--epochs", "0"], "Invalid value for '--epochs': 0 is not in the range x>=1"),
        (["IN", "OUT", "--epochs", "many"], "Invalid value for '--epochs': 'many' is not a valid integer"),
        (["IN", "OUT", "--max-minutes", "0"], "Invalid value for '--max-minutes'"),
        (["IN", "OUT", "--rows", "-1"], "Invalid value for '--rows'"),
        (["IN", "OUT", "--seed", "-1"], "Invalid value for '--seed'"),
        (["IN", "OUT", "--layers", "3"], "No such option"),
        (["sample", "MODEL"], "Missing argument 'OUT'"),
        (["sample", "MODEL", "OUT.csv", "--seed", "-1"], "Invalid value for '--seed'"),
        (["sample", "MODEL", "OUT.csv", "--given", "G.csv", "--where", "a > 1"], "--given cannot go with"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_status_2(words, message, capsys):
    assert main(words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plain.csv", "plain.csv"], "already exists"),
        (["plain.csv", "new.csv", "--model-file", "plain.csv"], "already exists"),
        (["plain.csv", "new.csv", "--report", "plain.csv"], "already exists"),
        (["fit", "plain.csv", "plain.csv"], "already exists"),
        (["plain.csv", "new.docx"], "'new.docx' has no known format. Use a name that ends in one of .csv"),
        (["plain.csv", "new.parquet.gz"], "has no known format"),
        (["plain.csv", "nowhere/new.csv"], "There is no folder 'nowhere'. Make it first."),
        (["plain.csv", "new.csv", "--report", "nowhere/r.html"], "There is no folder 'nowhere'"),
        (["fit", "plain.csv", "nowhere/m.tabgen"], "There is no folder 'nowhere'"),
        (["plain.csv", "new.csv", "--report", "new.csv"], "new.csv"),
        (["absent.csv", "new.csv"], "Cannot read 'absent.csv': No such file or directory."),
        (["plain.docx", "new.csv"], "'plain.docx' has no known format"),
        (["sample", "absent.tabgen", "new.csv"], "There is no model file 'absent.tabgen'"),
        (["sample", "plain.csv", "new.csv"], "'plain.csv' is not a tabgen model"),
        (["sample", "plain.csv", "new.docx"], "'new.docx' has no known format"),
        (["report", "plain.csv", "plain.csv", "plain.csv"], "already exists"),
        (
            ["report", "plain.csv", "plain.csv", "r.html", "--target", "x"],
            "There is no column 'x' to predict",
        ),
        (["report", "plain.csv", "plain.csv", "r.html", "--holdout", "y.csv"], "'y.csv'"),
        (["inspect", "absent.tabgen"], "There is no model file"),
        (["complete", "absent.tabgen", "plain.csv", "new.csv"], "There is no model file"),
        (["complete", "plain.csv", "plain.csv", "new.docx"], "'new.docx' has no known format"),
        (["score", "absent.tabgen", "plain.csv", "new.csv"], "There is no model file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_must_fail_fails_before_training_with_status_1(words, message, plain, monkeypatch, capsys):
    monkeypatch.chdir(plain.parent)
    before = plain.read_bytes()
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert err.startswith("Error: ")
    assert message in err
    assert out == ""
    assert plain.read_bytes() == before
    assert list(plain.parent.iterdir()) == [plain]


def test_an_interrupt_is_status_130(plain, monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(TabularGAN, "fit", interrupt)
    assert main([str(plain), str(plain.with_name("new.csv"))]) == 130
    assert "Interrupted." in capsys.readouterr().err
    assert not plain.with_name("new.csv").exists()


def test_debug_shows_the_traceback():
    with pytest.raises(Exception, match="There is no model file"):
        main(["--debug", "inspect", "absent.tabgen"])


@pytest.mark.slow
def test_a_real_pipe_carries_only_csv_and_the_same_seed_gives_the_same_bytes(folder):
    words = f"cat {folder / 'real.csv'} | {sys.executable} -m tabgen - - --epochs 1 --seed 1 --quiet"
    done = _run(["bash", "-c", words])
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == (folder / "fake.csv").read_bytes()  # from another process


def test_what_a_database_answers_is_learned(tmp_path, capsys):
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        pd.DataFrame({"unit": ["kg", "g"] * 20, "n": range(40)}).to_sql("orders", shop, index=False)
    words = [f"sqlite:///{tmp_path / 'shop.db'}", str(tmp_path / "out.csv"), "--epochs", "1"]
    assert main(["synthesize", *words, "--query", "select unit from orders where n < 30"]) == 0
    assert pd.read_csv(tmp_path / "out.csv").shape == (30, 1)
    assert main(["synthesize", *words, "--query", "select no", "--force"]) == 1
    assert "The database does not answer" in capsys.readouterr().err


def test_many_rows_are_written_block_after_block(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("tabgen.streaming.BLOCK_ROWS", 40)
    target, model = tmp_path / "many.csv", folder / "model.tabgen"
    assert main(["sample", str(model), str(target), "--rows", "100", "--seed", "3"]) == 0
    drawn = TabularGAN.load(model).sample_chunks(100, seed=3)
    assert target.read_text() == pd.concat(drawn).to_csv(index=False)
