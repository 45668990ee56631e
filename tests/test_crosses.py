"""Tokens that speak together: what no part of a date tells, and the date does, is found, kept and drawn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tabgen import TabularGAN
from tabgen.encoding import fit_encoder
from tabgen.encoding.layout import Layout, Token
from tabgen.models.crosses import possible_crosses
from tabgen.models.exported import draw_rows
from tabgen.models.forward import decoder_arrays
from tabgen.models.layers import CodeSpace, side_by_side
from tabgen.models.loglinear import choose_parents, fit_tables
from tabgen.models.parents import ParentTables
from tabgen.models.rebuilding import vae_config_from
from tabgen.models.sizes import vae_config
from tabgen.models.vae import ConditionalVAE

SIZES = (3, 5, 4, 3)
LAYOUT = Layout(
    tuple(Token(name, "value", size, False, False) for name, size in zip("abcd", SIZES, strict=True)),
    ("a", "b"),
)


def parity(rows=6_000):
    """Return codes in which the third token follows from the first two together, but from none alone."""
    rng = np.random.default_rng(0)
    a, b, noise = rng.integers(0, 3, rows), rng.integers(0, 5, rows), rng.integers(0, 3, rows)
    third = np.where(
        rng.random(rows) < 0.9, np.arange(15).reshape(3, 5)[a, b] * 7 % 4, rng.integers(0, 4, rows)
    )
    return np.stack([a, b, third, noise], axis=1).astype(np.int32)


def model_of(codes):
    model = ConditionalVAE(vae_config(LAYOUT, codes, latent_dim=2, seed=0))
    model.start_from(codes)
    return model


def law(codes):
    """Return how often each code of the third token stands beside each pair of the first two."""
    counts = np.zeros(SIZES[:3])
    np.add.at(counts, tuple(codes[:, :3].T), 1)
    return counts / len(codes)


def test_a_cross_is_a_parent_where_its_tokens_tell_nothing_alone():
    codes, crosses = parity(), ((0, 1),)
    without = CodeSpace(SIZES, (False,) * 4, (-1,) * 4)
    assert choose_parents(codes, replace(without, crosses=crosses)) == ((), (), (4,), ())
    sizes = vae_config(LAYOUT, codes, latent_dim=2, seed=0)
    assert (sizes.parents, sizes.crosses) == (((), (), (4,), ()), crosses)
    assert vae_config(Layout(LAYOUT.tokens), codes, 2, 0).crosses == ()  # without a key nothing is tried


def test_its_table_says_what_rows_say_and_the_layer_looks_it_up():
    codes = parity()
    space = CodeSpace(SIZES, (False,) * 4, (-1,) * 4, ((0, 1),))
    tables = ParentTables(space, ((), (), (4,), ()))
    tables.learn(codes)
    ((parent, table),) = fit_tables(space.with_crosses(codes), 2, (4,), space)
    assert parent == 4
    assert table.shape == (15, 4)
    looked_up = side_by_side(tables(tf.constant(codes))).numpy()[:, space.offsets[2] : space.offsets[2] + 4]
    np.testing.assert_array_equal(looked_up, table[codes[:, 0] * 5 + codes[:, 1]])
    logits = looked_up + np.log(np.bincount(codes[:, 2]) / len(codes))
    right = np.exp(logits).argmax(axis=1) == codes[:, 2]
    assert right.mean() > 0.9


@pytest.mark.parametrize("how", ["numpy", "exported"])
def test_what_a_cross_says_is_drawn(how):
    codes = parity()
    model = model_of(codes)
    if how == "numpy":
        drawn = model.generate(6_000, seed=1)
    else:
        arrays = decoder_arrays(model.space, model.embedding, model.decoder, model.parent_tables)
        drawn = draw_rows(arrays, tf.zeros((6_000, model.config.context)), tf.constant([1, 2])).numpy()
    assert drawn.shape == codes.shape
    assert np.abs(law(drawn) - law(codes)).sum() / 2 < 0.12  # untrained: .45 without the cross
    alone = replace(model.config, parents=((),) * 4, crosses=())
    untold = ConditionalVAE(alone)
    untold.start_from(codes)
    assert np.abs(law(untold.generate(6_000, seed=1)) - law(codes)).sum() / 2 > 0.4


@pytest.mark.parametrize(
    ("crosses", "message"),
    [
        ([[0]], "fewer than two"),
        ([[0, 9]], "crosses is 9"),
        ([[0, 1] * 40], "too many codes"),
    ],
)
def test_crosses_of_a_file_are_checked(crosses, message):
    facts = vae_config(LAYOUT, parity(), latent_dim=2, seed=0)
    told = {**{name: getattr(facts, name) for name in facts.__dataclass_fields__}, "crosses": crosses}
    with pytest.raises(ValueError, match=message):
        vae_config_from(told)


def test_families_are_keys_and_moments():
    days = pd.MultiIndex.from_product([range(20), range(30)], names=["shop", "day"]).to_frame(index=False)
    rng = np.random.default_rng(0)
    tidy = days.astype(float).assign(
        sold=rng.integers(0, 9, 600).astype(float),
        seen=pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 600), "D").as_unit("s"),
    )
    layout = fit_encoder(tidy).layout
    told = [{(layout.tokens[t].column, layout.tokens[t].part) for t in family} for family in layout.families]
    moments, key = told
    assert {name for name, _ in moments} == {"seen"}
    assert len(moments) > 1
    assert key == {("shop", "value"), ("day", "value")}


def test_two_parts_are_a_family_and_whether_a_value_is_missing_is_none():
    parts = (("alone", "value"), ("seen", "missing"), ("seen", "week"), ("seen", "weekday"))
    tokens = tuple(Token(name, part, 5, True, part == "week") for name, part in parts)
    assert Layout(tokens).families == [(2, 3)]
    assert Layout(tokens, ("seen", "alone")).families == [(2, 3, 0)]
    assert Layout(tokens, ("seen",)) == Layout(tokens)  # the key is not kept, so a loaded layout is the same


def test_many_codes_few_rows_and_large_families_are_bounded():
    assert possible_crosses([(0, 1)], (100, 100), 10**9) == ()
    assert possible_crosses([(0, 1)], (10, 10), 399) == ()
    assert len(possible_crosses([tuple(range(30))], (2,) * 30, 10**6)) == 64


def test_what_happened_on_a_day_in_a_shop_is_learned():
    """Sales jump about from day to day: no shop, month or day of the month tells, only all together do."""
    rng = np.random.default_rng(0)
    names = ["month", "day", "hour"]
    table = pd.MultiIndex.from_product([range(12), range(20), range(24)], names=names).to_frame(index=False)
    level = rng.normal(size=(12, 20))
    table["sales"] = np.round(20 * (level[table["month"], table["day"]] + rng.normal(size=len(table)) / 2))
    gan = TabularGAN(model="vae", epochs=3, random_state=0).fit(table)
    assert gan.model_.config.crosses
    made = gan.sample(len(table), seed=0).groupby(["month", "day"])["sales"].mean()
    real = table.groupby(["month", "day"])["sales"].mean()
    assert np.corrcoef(real, made.reindex(real.index).fillna(0))[0, 1] > 0.8
