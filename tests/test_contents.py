"""`tabgen inspect MODEL` lists all that a model file holds, and nothing that it does not hold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tabgen.cleaning import clean
from tabgen.cli import main
from tabgen.contents import describe_contents, stored_values
from tabgen.encoding import NumericCodec, fit_encoder
from tabgen.identifiers import fit_identifiers
from tabgen.inference import infer_schema
from tabgen.modelfile import FittedParts, load_parts, save_parts
from tabgen.protection import ProtectionLog, protect
from tabgen.relations import Combination, Determined, Ordered, learn_relations
from tabgen.synthesizer import TabularGAN
from tabgen.tables import Dialect

WIDE = 10_000  # no line is wrapped


@pytest.fixture(scope="module")
def parts():
    """Return all parts of a model of a small shop but for its network."""
    rng = np.random.default_rng(0)
    lane = np.arange(300) % 30
    frame = pd.DataFrame(
        {
            "mail": [f"{name}{k}@shop.org" for k, name in enumerate(np.resize(["ann", "zoe", "bob"], 300))],
            "client_id": rng.choice(10**6, 300, replace=False),
            "lane": [f"lane {s}" for s in lane],
            "town": [f"Town {s // 10}" for s in lane],
            "paid": pd.Series(np.where(rng.random(300) < 0.2, "?", rng.poisson(900, 300).astype(str))),
            "price": rng.choice([9.99, 19.99, 5.0], 300),
            "size": rng.choice(["S", "M"], 300),
            "since": np.datetime64("2020-01-01", "s") + np.arange(300) * np.timedelta64(30_000, "s"),
        }
    )
    frame["until"] = frame["since"] + pd.Timedelta(days=3)
    frame["fits"] = np.where(frame["size"] == "S", "child", "adult")
    schema = infer_schema(frame)
    tidy = clean(frame, schema)
    rules = [Determined("lane", "town"), Combination(("size", "fits")), Ordered("since", "until")]
    safe = protect(tidy, schema, learn_relations(rules, tidy), "strict", 0)
    return FittedParts(
        TabularGAN(protection="strict").get_params(), safe.schema, safe.relations,
        fit_encoder(safe.related, safe.support), fit_identifiers(frame, safe.schema, safe.fewest),
        None, pd.DataFrame({"stage": ["vae"], "loss": [1.0]}), Dialect(";"), safe.log,
    )  # fmt: skip


def told(parts, where, what):
    return next(one.values for one in stored_values(parts) if (one.where, one.what) == (where, what))


def test_levels_words_rules_and_settings_are_told(parts):
    assert told(parts, "town", "levels") == ("'Town 0'", "'Town 1'", "'Town 2'")
    assert told(parts, "town", "rows of its levels") == ("100", "100", "100")
    assert told(parts, "paid", "spellings of a missing value") == ("'?'",)
    assert "'ann' (100)" in told(parts, "mail", "words and their rows")
    assert any(value.startswith("low=") for value in told(parts, "client_id", "rule of RandomNumbers"))
    assert "'lane 7': 'Town 0'" in told(parts, "lane decides town", "values of lane and town")
    rows = dict(zip("MS", told(parts, "size", "rows of its levels"), strict=True))
    pairs = told(parts, "known combinations of size, fits", "combinations and their rows")
    assert f"\"'S' + 'child'\" ({rows['S']})" in pairs
    assert "support=300" in told(parts, "since <= until", "numbers of the rule")
    assert "protection='strict'" in told(parts, "file", "settings of training")
    assert "delimiter=';'" in told(parts, "file", "look of the training file")
    assert told(parts, "file", "training history") == ("stage of 1 epochs", "loss of 1 epochs")


def test_every_stored_number_is_told(parts):
    for name, codec in parts.encoder.codecs.items():
        if not isinstance(codec, NumericCodec):
            continue
        values = {
            float(value)
            for one in stored_values(parts)
            if one.where == str(name) and ("value" in one.what or "points" in one.what)
            for value in one.values
            if one.what not in ("share of missing values", "spellings of a missing value")
        }
        assert sorted(values) == pytest.approx(np.unique(codec.knots)), name
    assert told(parts, "since", "least and greatest value") == tuple(
        str(np.datetime64(bound, "s")) for bound in parts.encoder.codecs["since"].bounds
    )


def test_the_short_text_shows_a_few_values_and_the_long_one_all(parts):
    short, full = describe_contents(parts, width=WIDE), describe_contents(parts, full=True, width=WIDE)
    assert "'lane 29'" not in short
    assert full.startswith(short)
    for one in stored_values(parts):
        assert one.what in short
        assert all(value in full for value in one.values)


def test_the_command_tells_what_a_file_holds(parts, tmp_path, capsys):
    save_parts(parts, tmp_path / "shop.tabgen")
    assert main(["inspect", str(tmp_path / "shop.tabgen")]) == 0
    short = capsys.readouterr().out
    assert "nothing of fewer than 5 rows; extremes coded" in " ".join(short.split())
    assert "weights of the network" in short
    assert main(["inspect", str(tmp_path / "shop.tabgen"), "--values"]) == 0
    assert "'lane 29'" in capsys.readouterr().out


def test_values_are_listed_of_model_files_only(tmp_path, capsys):
    (tmp_path / "shop.csv").write_text("a\n1\n")
    assert main(["inspect", str(tmp_path / "shop.csv"), "--values"]) == 2
    assert "--values needs a model file, whose name ends in .tabgen." in capsys.readouterr().err


def test_rules_that_were_given_are_stored_as_learned(parts, tmp_path):
    bound = Ordered("since", "until", bounds=(123_456_789, 987_654_321, 123_456_789, 987_654_321))
    given = {**parts.parameters, "relations": [bound]}
    for number, log in enumerate((parts.protection, ProtectionLog())):
        save_parts(replace(parts, parameters=given, protection=log), tmp_path / f"{number}.tabgen")
    safe, plain = (load_parts(tmp_path / f"{number}.tabgen").parameters["relations"] for number in (0, 1))
    assert (safe, plain) == (parts.relations, (bound,))
