"""A model served by plain TensorFlow: the same law of codes, and tables made of them without the network."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tabgen import ModelFileError, SchemaError, TableError, TabularGAN
from tabgen.exporting import decode_exported
from tabgen.models import GuidedModel
from tabgen.models.discriminator import tree_layer
from tabgen.models.exported import FOREST, CodeSampler, chosen_rows, log_ratio
from tabgen.relations import Predicate

FRESH_PROCESS = """
import sys
import numpy as np, tensorflow as tf
draw = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
ask = lambda seed: draw(n=tf.constant(400, tf.int64), seed=tf.constant(seed, tf.int64))["codes"].numpy()
codes = ask(1)
assert codes.dtype == np.int32 and (ask(1) == codes).all() and (ask(2) != codes).any()
assert not any(name.startswith("tabgen") for name in sys.modules)
from tabgen.exporting import decode_exported
table = decode_exported(sys.argv[1], codes, seed=1)
assert not any(name.startswith("tabgen.models") or name == "tabgen.synthesizer" for name in sys.modules)
table.to_pickle(sys.argv[2])
"""


def table(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    city = rng.choice(["Oslo", "Bern", "Rome"], rows, p=[0.6, 0.3, 0.1])
    visits = pd.array(rng.poisson(np.where(city == "Oslo", 8, 2)), dtype="Int64")
    return pd.DataFrame(
        {
            "id": [f"AB-{k:05d}" for k in range(rows)],
            "city": city,
            "visits": pd.Series(visits).mask(rng.random(rows) < 0.2),
            "price": np.round(rng.gamma(2, 50, rows), 2),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, rows), "D"),
        }
    )


@pytest.fixture(scope="module", params=["vae-gan", pytest.param("gan", marks=pytest.mark.slow)])
def gan(request):
    fitted = TabularGAN(model=request.param, epochs=1, random_state=0).fit(table())
    assert isinstance(fitted.model_, GuidedModel)
    return fitted


def shares(codes, token):
    return np.bincount(codes[:, token], minlength=codes[:, token].max() + 1) / len(codes)


def test_codes_follow_the_law_of_the_generator(gan):
    generator = gan.model_.generator
    draw = CodeSampler(generator).draw
    served = draw(tf.constant(4_000, tf.int64), tf.constant(0, tf.int64))["codes"].numpy()
    own = generator.generate(4_000, seed=0, stratified=False)
    assert served.shape == own.shape
    for token, size in enumerate(generator.space.cardinalities):
        counts = [np.bincount(codes[:, token], minlength=size) for codes in (served, own)]
        assert np.abs(np.subtract(*counts)).max() < 6 * np.sqrt(4_000 / 2)
    for pair in ((0, 1), (1, 2)):  # and of pairs, missing values among them
        apart = [pd.crosstab(codes[:, pair[0]], codes[:, pair[1]]).stack() for codes in (served, own)]
        assert np.abs(np.subtract(*apart[0].align(apart[1], fill_value=0))).max() < 6 * np.sqrt(4_000 / 2)
    for token, gate in enumerate(generator.space.gates):
        if gate >= 0:
            missing = served[:, token] == generator.space.cardinalities[token] - 1
            assert (missing == (served[:, gate] > 0)).all()


def test_a_fresh_process_needs_only_tensorflow(gan, tmp_path):
    gan.export(tmp_path / "served")
    words = [sys.executable, "-W", "ignore", "-c", FRESH_PROCESS, str(tmp_path / "served")]
    done = subprocess.run([*words, str(tmp_path / "out.pkl")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    drawn, real = pd.read_pickle(tmp_path / "out.pkl"), table()
    assert drawn.dtypes.equals(real.dtypes)
    assert len(drawn) == 400
    assert drawn["id"].is_unique
    assert drawn["id"].str.fullmatch(r"AB-\d{5}").all()
    assert set(drawn["city"]) <= set(real["city"])
    assert abs((drawn["city"] == "Oslo").mean() - 0.6) < 0.15
    assert abs(drawn["visits"].isna().mean() - 0.2) < 0.12
    assert drawn["price"].between(real["price"].min(), real["price"].max()).all()


def test_trees_say_in_a_graph_what_they_say_in_numpy():
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(0)
    codes = rng.integers(0, 20, (900, 4)).astype(np.int32)
    real = (codes[:, 0] > codes[:, 1]) ^ (rng.random(900) < 0.2)
    fitted = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=9, early_stopping=False)
    layer = tree_layer(fitted.fit(codes.astype(float), real), codes[:100].astype(float))
    np.testing.assert_allclose(
        log_ratio([np.asarray(getattr(layer, name)) for name in FOREST], codes),
        layer.log_ratio(codes),
        atol=1e-4,
    )


def test_candidates_are_chosen_by_weight():
    ratios = tf.constant(np.tile(np.log([1, 2, 5]), 4_000), tf.float32)
    chosen = chosen_rows(ratios, 3, tf.constant([7, 0], tf.int64)).numpy()
    assert (chosen // 3 == np.arange(4_000)).all()
    assert np.abs(np.bincount(chosen % 3) / 4_000 - np.array([1, 2, 5]) / 8).max() < 0.04


def test_a_model_with_a_discriminator_serves_what_it_chooses(gan):
    codes = gan.encoder_.encode(
        gan._parts().encoder.decode(gan.model_.generator.generate(300, seed=1), np.random.default_rng(0))
    )
    from sklearn.ensemble import HistGradientBoostingClassifier

    most = np.median(codes[:, 0])
    first = codes[:, 0] <= most
    trees = HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=5, early_stopping=False)
    trees.fit(codes.astype(float), first)
    guided = GuidedModel(gan.model_.generator, tree_layer(trees, codes.astype(float)))
    ask = tf.constant(500, tf.int64), tf.constant(3, tf.int64)
    with_trees, without = (CodeSampler(m).draw(*ask)["codes"].numpy() for m in (guided, guided.generator))
    assert with_trees.shape == without.shape == (500, codes.shape[1])
    assert (with_trees[:, 0] <= most).mean() > (without[:, 0] <= most).mean() + 0.1


def test_without_a_latent_there_is_less_to_draw():
    fitted = TabularGAN(model="vae", latent_dim=0, epochs=1, random_state=0).fit(table(200))
    drawn = CodeSampler(fitted.model_).draw(tf.constant(0, tf.int64), tf.constant(0, tf.int64))["codes"]
    assert drawn.shape == (0, len(fitted.encoder_.layout.tokens))


def test_what_cannot_be_exported_or_decoded_is_refused(gan, tmp_path):
    folder = tmp_path / "served"
    gan.export(folder)
    with pytest.raises(TableError, match="already exists"):
        gan.export(folder, force=False)
    gan.export(folder)
    (folder / "notes.txt").touch()
    with pytest.raises(TableError, match="holds other files, too"):
        gan.export(folder)
    for codes, words in (
        (np.zeros((3, 1), int), "of shape"),
        (np.full((1, len(gan.encoder_.layout.tokens)), 9_999), "none of this"),
    ):
        with pytest.raises(TableError, match=words):
            decode_exported(folder, codes)
    with pytest.raises(ModelFileError, match="There is no model file"):
        decode_exported(tmp_path, np.zeros((1, 1), int))
    from tabgen.exporting import export_parts

    with pytest.raises(TableError, match="there is no network to export"):
        export_parts(replace(gan._parts(), model=None), tmp_path / "new")
    with pytest.raises(SchemaError, match="which a model file cannot hold"):
        export_parts(replace(gan._parts(), relations=(Predicate(len),)), tmp_path / "new")
    assert not (tmp_path / "new").exists()
