"""Tables with their sensitive data replaced keep shape, dtypes and references, also on the command line."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from tabgen import KeyRefused, MissingExtra, PlanError, TableError, TabularGAN, propose_plan, substitute
from tabgen.cli import main
from tabgen.substitution import (
    ColumnPlan,
    Drop,
    Fake,
    Generalise,
    Keep,
    Plan,
    Pseudonymise,
    SecretKey,
    Shift,
    Synthesise,
    TablePlan,
    new_key,
    write_key,
)
from tabgen.tables import read_table

KEY = SecretKey(bytes(range(32)))
ROWS = 120


@pytest.fixture(scope="module")
def shop():
    """Return customers and their orders."""
    rng = np.random.default_rng(0)
    first, last = rng.choice(["Ann", "Bob", "Eva", "Tom"], ROWS), rng.choice(["Lee", "Ray", "Fox"], ROWS)
    names = pd.Series(first) + " " + pd.Series(last) + [f"son{chr(97 + n % 26)}" for n in range(ROWS)]
    customers = pd.DataFrame(
        {
            "customer_id": 10_000 + 37 * np.arange(ROWS),
            "name": names.to_numpy(),
            "email": [f"user{n}@mail{n % 3}.com" for n in range(ROWS)],
            "born": pd.to_datetime("1950-01-01") + pd.to_timedelta(rng.integers(0, 18_000, ROWS), unit="D"),
            "joined": pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, ROWS), unit="D"),
            "income": rng.normal(3_000, 500, ROWS).round(),
            "tier": pd.Categorical(rng.choice(["gold", "silver"], ROWS)),
        },
        index=pd.RangeIndex(5, ROWS + 5),
    )
    picked = rng.integers(0, ROWS, 300)
    orders = pd.DataFrame(
        {
            "order": [f"O-{n:07d}" for n in 7919 * np.arange(300)],
            "customer_id": customers["customer_id"].to_numpy()[picked],
            "contact": names.to_numpy()[picked],
            "total": rng.exponential(50, 300).round(2),
        }
    )
    return {"customers": customers, "orders": orders}


def test_references_between_tables_stay(shop):
    plan = propose_plan(shop, KEY)
    fresh = substitute(shop, plan, key=KEY)
    customers, orders = fresh["customers"], fresh["orders"]
    for name, frame in shop.items():
        assert fresh[name].dtypes.equals(frame.dtypes)
        assert fresh[name].index.equals(frame.index)
        assert list(fresh[name]) == list(frame)
    joined = orders.merge(customers, on="customer_id")
    assert len(joined) == 300
    assert (joined["contact"] == joined["name"]).all()
    real = shop["orders"].merge(shop["customers"], on="customer_id")
    assert joined["tier"].tolist() == real["tier"].tolist()
    for name in ("customer_id", "name", "email"):
        assert not set(customers[name]) & set(shop["customers"][name])
    days = (customers["joined"] - shop["customers"]["joined"]).dt.days
    assert days.abs().between(1, 30).all()
    assert (customers["born"].dt.strftime("%d.%m.") == "01.01.").all()


def test_one_table_alone_gets_the_same_as_with_others(shop):
    plan = propose_plan(shop)
    own = Plan({"any": plan.tables["customers"]})
    alone = substitute(shop["customers"], own, key=KEY)
    again = substitute(shop["customers"], Plan.from_json(own.to_json()), key=KEY)
    pd.testing.assert_frame_equal(alone, again)
    together = substitute(shop, plan, key=KEY)["customers"]
    pd.testing.assert_frame_equal(alone.drop(columns="name"), together.drop(columns="name"))


def _plan(frame, **actions):
    columns = tuple(ColumnPlan(name, actions.get(name, Keep())) for name in frame.columns)
    return Plan({"customers": TablePlan(columns)})


def test_synthesised_columns_follow_those_that_stay():
    rng = np.random.default_rng(0)
    side = rng.choice(["left", "right"], 400)
    x = pd.Series(np.where(side == "left", -10.0, 10) + rng.normal(size=400).round(2), dtype="Float64")
    frame = pd.DataFrame(
        {"key": range(400), "side": side, "x": x.mask(rng.random(400) < 0.2), "y": x.round() + 20}
    )
    frame.index += 7
    gan = TabularGAN(model="vae", epochs=15, relations=(), random_state=0)
    plan = _plan(frame, key=Drop(), x=Synthesise(), y=Generalise(nearest=5))
    fresh = substitute(frame, plan, gan=gan, seed=1)
    assert list(fresh) == ["side", "x", "y"]
    assert fresh.dtypes.equals(frame[["side", "x", "y"]].dtypes)
    assert fresh.index.equals(frame.index)
    assert fresh["side"].equals(frame["side"])
    assert (fresh["x"] != frame["x"]).mean() > 0.5
    there = fresh["x"].notna()
    assert 0.05 < 1 - there.mean() < 0.4
    assert ((fresh["x"] < 0) == (fresh["side"] == "left"))[there].mean() > 0.9
    assert not hasattr(gan, "schema_")


def test_a_whole_table_is_synthesised(shop):
    frame = shop["customers"][["income", "tier"]]
    gan = TabularGAN(model="vae", epochs=1, random_state=0)
    fresh = substitute(frame, _plan(frame, income=Synthesise(), tier=Synthesise()), gan=gan, seed=1)
    assert fresh.dtypes.equals(frame.dtypes)
    assert fresh.index.equals(frame.index)
    assert not fresh.equals(frame)


def test_rare_combinations_are_blanked_after_all_else(shop):
    frame = shop["customers"][["born", "tier"]]
    columns = (ColumnPlan("born", Generalise(period="year")), ColumnPlan("tier", Keep()))
    fresh = substitute(frame, Plan({"t": TablePlan(columns, 3, ("born", "tier"))}))
    assert fresh.groupby(["born", "tier"], dropna=False, observed=True).size().min() >= 3
    assert fresh["born"].notna().any()


def test_columns_of_any_label_and_none_at_all(shop):
    frame = pd.DataFrame({("a", 1): [1, 2], ("a", 2): ["x1", "y2"]})
    plan = Plan({"t": TablePlan((ColumnPlan(("a", 1), Keep()), ColumnPlan(("a", 2), Pseudonymise())))})
    fresh = substitute(frame, plan, key=KEY)
    assert fresh.columns.equals(frame.columns)
    empty = substitute(frame, Plan({"t": TablePlan(tuple(ColumnPlan(c, Drop()) for c in frame.columns))}))
    assert empty.shape == (2, 0)


def test_nothing_is_done_to_the_tables(shop):
    before = {name: frame.copy() for name, frame in shop.items()}
    substitute(shop, propose_plan(shop), key=KEY)
    for name, frame in before.items():
        pd.testing.assert_frame_equal(frame, shop[name])


def test_what_does_not_fit_is_refused(shop):
    frame = shop["customers"]
    plan = _plan(frame, email=Pseudonymise("email"))
    with pytest.raises(KeyRefused, match="The plan says pseudonymise for column 'email', which needs a key"):
        substitute(frame, plan)
    with pytest.raises(KeyRefused, match="The plan was made with a key of check value"):
        substitute(frame, propose_plan(frame, SecretKey(bytes(range(1, 33)))), key=KEY)
    with pytest.raises(PlanError, match="Column 'more' of table 'customers' is not in the plan"):
        substitute(frame.assign(more=1), plan, key=KEY)
    with pytest.raises(PlanError, match=r"The plan has 2 tables, .* but one was given"):
        substitute(frame, propose_plan(shop), key=KEY)
    for key in ("key.txt", b"key"):
        for use in (propose_plan, lambda frame, key: substitute(frame, plan, key=key)):
            with pytest.raises(
                KeyRefused, match=r"^The key is a (str|bytes), not a SecretKey\. Read it with"
            ):
                use(frame, key)
    with pytest.raises(
        PlanError, match=r"^The plan is a str\. Make one with propose_plan or Plan\.from_json"
    ):
        substitute(frame, plan.to_json(), key=KEY)
    for use in (propose_plan, lambda path: substitute(path, plan, key=KEY)):
        with pytest.raises(TableError, match=r"^The table is a str, where a DataFrame is needed"):
            use("customers.csv")
    with pytest.raises(
        PlanError, match=r"^Column 'email' has the action 'drop', which is none\. Use one, as Drop"
    ):
        ColumnPlan("email", "drop")


@pytest.mark.parametrize(("action", "package"), [(Pseudonymise(), "cryptography"), (Fake("name"), "faker")])
def test_a_missing_package_is_said_in_one_sentence(monkeypatch, action, package):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    frame = pd.DataFrame({"x": ["abc"]})
    with pytest.raises(MissingExtra, match=f"need the package {package}. Install it with: pip install"):
        substitute(frame, _plan(frame, x=action), key=KEY)


@pytest.fixture
def files(shop, tmp_path):
    """Return a folder with a table and a key."""
    shop["customers"].to_csv(tmp_path / "in.csv", index=False)
    write_key(new_key(), tmp_path / "key")
    return tmp_path


def test_the_command_line_plans_and_substitutes(files, capsys):
    source, key = str(files / "in.csv"), str(files / "key")
    assert main(["plan", source, str(files / "plan.json"), "--key-file", key]) == 0
    assert (
        main(
            [
                "substitute",
                source,
                str(files / "a.csv"),
                "--plan",
                str(files / "plan.json"),
                "--key-file",
                key,
            ]
        )
        == 0
    )
    err = capsys.readouterr().err
    assert "customer_id   pseudonymise   direct" in err
    assert f"Wrote {ROWS} rows to" in err
    assert main(["substitute", source, str(files / "b.csv"), "--key-file", key, "--quiet"]) == 0
    assert (files / "a.csv").read_bytes() == (files / "b.csv").read_bytes()
    real, fresh = read_table(source).frame, read_table(files / "a.csv").frame
    assert list(fresh) == list(real)
    assert not set(fresh["email"]) & set(real["email"])
    assert fresh["income"].equals(real["income"])
    out, err = capsys.readouterr()
    assert (out, err) == ("", "")


def test_an_edited_plan_is_followed(files, capsys):
    source, plan = str(files / "in.csv"), files / "plan.json"
    assert main(["plan", source, "-", "--quiet"]) == 0
    edited = json.loads(capsys.readouterr().out)
    names = [record["column"] for record in edited["tables"]["table"]["columns"]]
    actions = {"customer_id": {"action": "synthesise"}}  # keys are drawn without training
    edited["tables"]["table"]["columns"] = [
        {"column": name, **actions.get(name, {"action": "drop"})} for name in names
    ]
    plan.write_text(json.dumps(edited))
    assert main(["substitute", source, "-", "--plan", str(plan), "--seed", "1", "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "customer_id"
    assert len(lines) == ROWS + 1
    assert not set(lines) & set(read_table(source).frame["customer_id"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["substitute", "in.csv", "out.csv"], "which needs a key. Make one with: tabgen key FILE"),
        (
            ["substitute", "in.csv", "out.csv", "--plan", "none.json"],
            "Cannot read the plan 'none.json': No such",
        ),
        (["substitute", "in.csv", "out.csv", "--plan", "latin.json"], "it is not UTF-8 text"),
        (["substitute", "in.csv", "in.csv"], "'in.csv' already exists"),
        (["substitute", "in.csv", "out.doc"], "no known format"),
        (["plan", "in.csv", "in.csv"], "'in.csv' already exists"),
        (["plan", "in.csv", "x.json", "--key-file", "short"], "The key has 2 bytes, but needs 32"),
        (["key", "key"], "already exists, and a key is never replaced"),
    ],
)
def test_the_command_line_says_what_is_wrong(files, monkeypatch, capsys, words, message):
    monkeypatch.chdir(files)
    (files / "short").write_text("00ff")
    (files / "latin.json").write_bytes(b"\xff\xfe{}")
    assert main(words) == 1
    assert message in capsys.readouterr().err


def test_a_key_is_made(tmp_path, capsys):
    assert main(["key", str(tmp_path / "key")]) == 0
    assert "Keep it apart from the data" in capsys.readouterr().err
    assert len((tmp_path / "key").read_text().strip()) == 64


def test_shifts_need_their_subject_only_before(shop):
    frame = shop["customers"][["customer_id", "joined"]]
    plan = _plan(frame, customer_id=Drop(), joined=Shift(5, "customer_id"))
    moved = substitute(frame, plan, key=KEY)
    assert list(moved) == ["joined"]
    assert (moved["joined"] - frame["joined"]).dt.days.abs().between(1, 5).all()
