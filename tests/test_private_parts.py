"""The parts of a private fit: noisy columns, noisy pairs, clipped gradients."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tabgen.encoding import CategoricalCodec, DatetimeCodec, NumericCodec
from tabgen.encoding.private import PrivateNoise, PublicFacts, fit_private_encoder, private_releases
from tabgen.models import private
from tabgen.models.layers import CodeSpace
from tabgen.models.marginals import NoisyTables, _scale, measure
from tabgen.models.private import PrivatePlan, clipped_sums, learned_variables, noisy_means, train_privately
from tabgen.models.sizes import VAEConfig
from tabgen.models.vae import ConditionalVAE

NOTHING = PublicFacts(frozenset(), frozenset(), {})
LITTLE = PrivateNoise(1.0, 1.0, 1.0, 1e-6)
NOISE = dict.fromkeys(("first scores", "first pairs", "second scores", "second pairs"), 2.0)


def encode(tidy, facts=NOTHING, noise=LITTLE, seed=0):
    return fit_private_encoder(pd.DataFrame(tidy), facts, noise, np.random.default_rng(seed))


def levels(numbers, size, ordered=False):
    return pd.Categorical.from_codes(numbers, range(size), ordered=ordered)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def model_of(cardinalities, ordered, gates, parents, seed=0):
    config = VAEConfig(
        cardinalities, ordered, gates, tuple(range(len(gates))), parents,
        latent_dim=0, width=16, depth=2, embedding=4, context=1, dropout=0.0, evidence_rate=0.0, seed=seed,
    )  # fmt: skip
    return ConditionalVAE(config)


@pytest.mark.parametrize("clip", [1.0, 12.0, 1e6])
def test_clipping_is_that_of_a_loop_over_rows(clip, rng, monkeypatch):
    monkeypatch.setattr(private, "CLIP", clip)
    cardinalities, gates = (2, 50, 5, 45, 60, 4), (-1, 0, -1, -1, -1, -1)
    ordered = (False, True, True, False, True, False)
    model = model_of(cardinalities, ordered, gates, ((), (), (0,), (1, 2), (), (1,)))
    for variable in learned_variables(model):
        variable.assign(variable + 0.2 * rng.standard_normal(variable.shape))
    codes = np.stack(
        [rng.integers(0, c - (g >= 0), 24) for c, g in zip(cardinalities, gates, strict=True)], 1
    )
    codes[:, 1] = np.where(codes[:, 0] == 1, 49, codes[:, 1])  # missing where the gate says so
    codes = codes.astype(np.int32)
    variables = learned_variables(model)
    expected, norms = [np.zeros(variable.shape) for variable in variables], []
    for row in codes:
        with tf.GradientTape() as tape:
            nothing = tf.zeros((1, len(gates)))
            loss = tf.reduce_sum(model.losses_of(tf.constant(row[None]), nothing, training=False)[0])
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        gradients = [tf.convert_to_tensor(gradient).numpy().astype(float) for gradient in gradients]
        norms.append(np.sqrt(sum(np.square(gradient).sum() for gradient in gradients)))
        scale = min(1.0, clip / norms[-1])
        expected = [total + scale * own for total, own in zip(expected, gradients, strict=True)]
    assert (max(norms) > clip) == (clip < 1e6)
    for total, fast in zip(expected, clipped_sums(model, tf.constant(codes)), strict=True):
        np.testing.assert_allclose(fast, total, atol=1e-5 * max(np.abs(total).max(), 1e-3))


def test_all_weights_that_a_loss_depends_on_are_clipped(rng):
    model = model_of((2, 50, 45), (False, True, False), (-1,) * 3, ((), (0,), ()))
    codes = np.stack([rng.integers(0, size, 8) for size in (2, 50, 45)], axis=1).astype(np.int32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model.losses_of(tf.constant(codes), tf.zeros((8, 3)), training=False)[0])
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    moved = {
        variable.path
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
        if gradient is not None and np.abs(tf.convert_to_tensor(gradient)).max() > 0
    }
    assert moved <= {variable.path for variable in learned_variables(model)}


@pytest.mark.parametrize("sizes", [(2, 50), (60, 50), (2, 3)])  # few codes and many, many only, few only
def test_no_rows_have_no_gradient(sizes):
    model = model_of(sizes, (False, True), (-1, -1), ((), ()))
    sums = clipped_sums(model, tf.zeros((0, 2), dtype=tf.int32))
    assert all(not np.any(total) for total in sums)


def test_noise_is_that_of_the_plan(rng):
    means = noisy_means([tf.zeros((200, 300)), tf.ones(7)], 3.0, 50.0, rng)
    assert np.std(means[0]) == pytest.approx(3.0 / 50.0, rel=0.02)
    assert [mean.shape for mean in means] == [(200, 300), (7,)]


def test_a_network_learns_what_pairs_do_not_tell(rng):
    a, b = rng.integers(0, 2, (2, 4_000))
    codes = np.stack([a, b, a ^ b], axis=1).astype(np.int32)
    model = model_of((2, 2, 2), (False,) * 3, (-1,) * 3, ((),) * 3)
    before = model.log_likelihood(codes).mean()
    plan = PrivatePlan(80, 0.1, 0.02, {"steps": 0.5})
    stage = train_privately(model, codes, plan, rng)
    assert model.log_likelihood(codes).mean() > before + 0.3
    assert len(stage.curves["learning_rate"]) == 4


def test_pairs_that_tell_are_found_and_counted(rng):
    first = rng.integers(0, 5, 20_000)
    second = np.where(rng.random(20_000) < 0.8, first, rng.integers(0, 5, 20_000))
    alone = rng.integers(0, 40, 20_000)
    codes = np.stack([first, alone, second], axis=1).astype(np.int32)
    space = CodeSpace((5, 40, 5), (False, True, False), (-1,) * 3)
    counts = [np.bincount(column, minlength=size) for column, size in zip(codes.T, (5, 40, 5), strict=True)]
    tables = measure(codes, space, counts, NOISE, rng)
    assert tables.parents == ((), (), (0,))
    logits = np.log(tables.shares[2]) + tables.said(2)[0][1]
    law = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    real = np.stack([np.bincount(second[first == k], minlength=5) / (first == k).sum() for k in range(5)])
    np.testing.assert_allclose(law, real, atol=0.02)


@pytest.mark.parametrize("noise", [[-3.0, 2.0], [40.0, 90.0]])  # less than the noise, and more
def test_a_group_that_no_drawn_row_has_says_nothing(noise):
    space = CodeSpace((3, 2), (False, False), (-1, -1))
    tables = NoisyTables(
        space, [np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.5])], [np.arange(3), np.arange(2)]
    )
    tables.counted[0, 1] = np.array([[90.0, 10.0], [10.0, 90.0], noise])
    tables.spread[0, 1], tables.ratios[0, 1] = 5.0, np.zeros((3, 2))
    _scale(np.full((100, 2), 0.5, dtype=np.float32), np.arange(100) % 2, (0, 1), tables)
    ratios = tables.ratios[0, 1]
    assert (ratios[2] == 0).all()
    assert ratios[0, 0] > ratios[0, 1] + 1
    assert ratios[1, 1] > ratios[1, 0] + 1


def test_independent_tokens_are_not_counted(rng):
    codes = rng.integers(0, 8, (5_000, 5)).astype(np.int32)
    counts = [np.bincount(column, minlength=8) for column in codes.T]
    tables = measure(codes, CodeSpace((8,) * 5, (True,) * 5, (-1,) * 5), counts, NOISE, rng)
    assert tables.counted == {}


def test_a_gate_decides_what_is_missing(rng):
    gate = rng.integers(0, 2, 10_000)
    value = np.where(gate == 1, 3, rng.integers(0, 3, 10_000))
    codes = np.stack([gate, value], axis=1).astype(np.int32)
    space = CodeSpace((2, 4), (False, True), (-1, 0))
    tables = measure(codes, space, [np.bincount(gate), np.r_[np.bincount(value)[:3], 0]], NOISE, rng)
    assert tables.parents == ((), ())


def test_levels_of_few_rows_are_not_kept(rng):
    town = rng.integers(0, 3, 3_000)
    town[:5] = [3, 4, 4, 5, 5]
    encoding = encode({"town": levels(town, 6)})
    assert encoding.kept["town"].tolist() == [0, 1, 2]
    assert isinstance(encoding.encoder.codecs["town"], CategoricalCodec)
    assert encoding.tidy["town"].notna().all()
    assert (encoding.tidy["town"].cat.codes.to_numpy()[5:] == town[5:]).all()


def test_one_row_alone_passes_the_threshold_as_rarely_as_planned():
    noise, tries = PrivateNoise(1.0, 1.0, 1.0, 0.05), 400
    shown = sum(len(encode({"a": levels([0], 1)}, noise=noise, seed=seed).kept["a"]) for seed in range(tries))
    assert 0.02 * tries < shown < 0.09 * tries


def test_public_levels_are_all_kept(rng):
    facts = PublicFacts(frozenset({"member"}), frozenset({"member"}), {})
    assert encode({"member": levels(np.zeros(500, int), 2)}, facts).kept["member"].tolist() == [0, 1]


def test_few_missing_values_are_filled_and_many_told(rng):
    few, many = rng.normal(0, 1, 2_000), rng.normal(0, 1, 2_000)
    few[0], many[:500] = np.nan, np.nan
    encoding = encode({"few": few, "many": many})
    assert encoding.missing["few"] == 0
    assert encoding.missing["many"] == pytest.approx(0.25, abs=0.01)
    assert encoding.tidy["few"].notna().all()
    assert encoding.tidy["many"].isna().sum() == 500
    assert [len(counts) for counts in encoding.token_counts()] == list(encoding.encoder.layout.cardinalities)


def test_a_dtype_without_missing_values_has_none(rng):
    facts = PublicFacts(frozenset(), frozenset({"a"}), {})
    encoding = encode({"a": rng.normal(0, 1, 50)}, facts, PrivateNoise(1e3, 1e3, 1e3, 1e-6))
    assert encoding.missing["a"] == 0


def test_bounds_are_found_by_powers_of_two(rng):
    values = rng.uniform(2_000, 6_000, 4_000).round(1)
    values[0] = 9e9
    codec = encode({"a": values}).encoder.codecs["a"]
    assert 1_024 <= codec.knots[0, 0] <= 2_100
    assert 5_900 <= codec.knots[-1, -1] <= 8_192


def test_public_bounds_are_kept_to(rng):
    facts = PublicFacts(frozenset(), frozenset(), {"a": (0.0, 10.0)})
    tidy = pd.DataFrame({"a": rng.normal(5, 9, 3_000)})
    assert private_releases(tidy, facts) == ["values", "cells"]
    codec = encode(tidy, facts).encoder.codecs["a"]
    assert codec.knots.min() >= 0
    assert codec.knots.max() <= 10


def test_frequent_numbers_stand_for_themselves(rng):
    values = np.where(rng.random(4_000) < 0.4, 0.25, rng.uniform(-1, 1, 4_000))
    encoding = encode({"a": values})
    codec = encoding.encoder.codecs["a"]
    drawn = codec.decode(codec.encode(values), rng)
    assert (drawn[values == 0.25] == 0.25).all()
    assert (drawn[values != 0.25] != 0.25).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1.0, 10.0, 100.0]), st.sampled_from([3, 40, 500]))
def test_a_drawn_number_is_on_the_grid_and_in_its_leaf(seed, parts, most):
    values = np.random.default_rng(seed).integers(-most, most, 350) / parts
    codec = encode({"a": values}).encoder.codecs["a"]
    assert isinstance(codec, NumericCodec)
    assert (np.diff(codec.knots[:, [0, -1]].ravel()) >= 0).all()
    codes = codec.encode(values)
    drawn = codec.decode(codes, np.random.default_rng(0))
    np.testing.assert_allclose(drawn * parts, np.round(drawn * parts), atol=1e-6)
    assert (codec.encode(drawn) == codes).all()


def test_dates_are_told_by_year_month_and_day(rng):
    days = np.datetime64("2019-03-01", "s") + rng.integers(0, 900, 5_000) * np.timedelta64(1, "D")
    encoding = encode({"when": days})
    codec = encoding.encoder.codecs["when"]
    assert isinstance(codec, DatetimeCodec)
    assert list(codec.parts) == ["year", "month", "day"]
    drawn = codec.decode(codec.encode(days), rng)
    assert (drawn.astype("datetime64[M]") == days.astype("datetime64[M]")).mean() > 0.9
    assert (drawn == drawn.astype("datetime64[D]")).all()
    first, last = np.array(codec.bounds).astype("datetime64[s]")
    assert first == np.datetime64("2019-01-01")
    assert last == np.datetime64("2021-12-31T23:59:59")


def test_missing_dates_are_told_or_filled(rng):
    days = np.datetime64("2020-01-01", "s") + rng.integers(0, 300, 3_000) * np.timedelta64(1, "D")
    days[:600] = np.datetime64("NaT")
    one = days[600:].copy()
    one[0] = np.datetime64("NaT")
    assert encode({"when": days}).missing["when"] == pytest.approx(0.2, abs=0.01)
    assert encode({"when": one}).tidy["when"].notna().all()
