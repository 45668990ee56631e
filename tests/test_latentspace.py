"""Rows made of latents: alike where the latent is live, told to be fresh draws where it is not."""

from copy import copy
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tabgen import TabularGAN
from tabgen.cleaning import clean
from tabgen.models.vae import ConditionalVAE

ROWS = 900


@pytest.fixture(scope="module")
def table():
    """Return measures of one hidden size and of one hidden age."""
    rng = np.random.default_rng(0)
    size, age = rng.normal(size=(2, ROWS, 1))
    near = 0.3 * rng.normal(size=(ROWS, 10))
    lengths = pd.DataFrame((20 + 4 * (size + near[:, :5])).round(1), columns=list("abcde"))
    years = pd.DataFrame((50 + 9 * (age + near[:, 5:9])).round(), columns=list("pqrs"))
    ranks = pd.cut((size[:, 0] + near[:, 9]), [-9, -0.6, 0.6, 9], labels=list("SML")).astype(str)
    return lengths.join(years).assign(fit=ranks)


@pytest.fixture(scope="module")
def vae(table):
    return TabularGAN(model="vae", epochs=2, random_state=0).fit(table)


@pytest.fixture(scope="module")
def live(vae, table):
    """Return a model whose columns have nothing in common but the latent, which so has to be live."""
    codes = vae.encoder_.encode(clean(table, vae.schema_)).astype(np.int32)
    still = vae.model_.config
    alone = tuple(() for _ in still.parents)
    model = ConditionalVAE(replace(still, causal=False, parents=alone, beta=0.4, dropout=0.0))
    model.start_from(codes)
    model.compile(optimizer=keras.optimizers.Adam(6e-3))
    rows = tf.data.Dataset.from_tensor_slices(codes).batch(100)
    model.fit(rows, epochs=18, verbose=0, shuffle=False)
    gan = copy(vae)
    gan.model_, gan.history_ = (
        model,
        pd.DataFrame({"val_kl": [model.evaluate(rows, verbose=0, return_dict=True)["kl"]]}),
    )
    return gan


def test_a_live_latent_gives_rows_back_alike(live, table):
    rows = table.sample(300, random_state=1)
    made = live.reconstruct(rows, seed=0)
    assert made.index.equals(rows.index)
    assert made.dtypes.equals(table.dtypes)
    assert made["a"].corr(rows["a"]) > 0.6
    assert (made["fit"] == rows["fit"]).mean() > 0.55
    pd.testing.assert_frame_equal(made, live.reconstruct(rows, seed=0))


def test_the_way_between_two_rows_goes_from_one_to_the_other(live, table):
    order = table["a"].sort_values().index
    light, heavy = table.loc[[order[20]]], table.loc[[order[-20]]]
    ways = [live.interpolate(light, heavy, 6, seed=seed) for seed in range(10)]
    means = np.mean([way["a"] for way in ways], axis=0)
    assert all(len(way) == 6 for way in ways)
    assert means[0] < table["a"].quantile(0.35)
    assert means[-1] > table["a"].quantile(0.65)
    assert np.corrcoef(means, range(6))[0, 1] > 0.8


def test_draws_tighten_the_bound_of_a_live_latent(live, table):
    codes = live.encoder_.encode(clean(table, live.schema_))
    bounds = [live.model_.log_likelihood(codes, draws).mean() for draws in (1, 2, 10, 50)]
    assert np.diff(bounds).min() > 0
    assert bounds[-1] - bounds[0] > 0.1


def test_a_latent_that_says_little_is_told_of(vae, table):
    with pytest.warns(UserWarning, match=r"says 0\.\d\d nats a row: rows made from it are little more than"):
        assert len(vae.reconstruct(table.head(3), seed=0)) == 3


def test_one_draw_or_many_bound_the_same_where_the_latent_is_still(vae, table):
    one, many = vae.log_prob(table.head(50)), vae.log_prob(table.head(50), draws=10)
    assert one.shape == many.shape == (50,)
    np.testing.assert_allclose(one.mean(), many.mean(), atol=0.1)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda gan, t: gan.interpolate(t.head(2), t.head(1), 4), "one row each, but are 2 and 1"),
        (lambda gan, t: gan.interpolate(t.head(1), t.head(1), 1), "steps must be a whole number from 2 on"),
        (lambda gan, t: gan.interpolate(t.head(1), t.head(1), 2.5), "but is 2.5"),
        (lambda gan, t: gan.log_prob(t, draws=0), "draws must be a whole number from 1 on, but is 0"),
    ],
)
def test_what_cannot_be_asked(vae, table, ask, message):
    with pytest.raises(ValueError, match=message):
        ask(vae, table)


def test_without_a_latent_nothing_is_made_of_it(table):
    bare = TabularGAN(model="vae", epochs=1, latent_dim=0, random_state=0).fit(table)
    with pytest.raises(ValueError, match="This model has no latent"):
        bare.reconstruct(table)
