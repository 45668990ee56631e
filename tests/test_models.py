"""The network: what may see what, likelihoods that are likelihoods, draws that follow them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tabgen.encoding.layout import Layout, Token
from tabgen.models import ConditionalVAE
from tabgen.models.decoder import drop
from tabgen.models.forward import decoder_arrays
from tabgen.models.layers import CodeSpace, bank_log_likelihood, log_likelihood, side_by_side
from tabgen.models.sampling import draw_codes
from tabgen.models.sizes import vae_config

SIZES = (3, 5, 2, 60, 130, 70)  # direct heads, ordered banks with and without missing, a wide one
ORDERED = (False, True, False, True, True, False)
MEMBER = np.eye(6)[CodeSpace(SIZES, ORDERED, (-1, -1, -1, 2, -1, -1)).owner]  # 1 where a code is of a token
GATES = (-1, -1, -1, 2, -1, -1)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def codes():
    rng = np.random.default_rng(1)
    codes = rng.integers(0, SIZES, (500, 6))
    codes[:, 3] = 11 * codes[:, 1] + rng.integers(0, 3, 500)  # follows from another token
    codes[:, 4] = codes[:, 3] * 2
    codes[codes[:, 2] == 1, 3] = 59  # missing where the token before says so
    return codes.astype("int32")


@pytest.fixture(scope="module")
def model(codes):
    columns = ("c0", "c0", "c1", "c1", "c2", "c2")
    parts = ("value", "value", "missing", "value", "value", "value")
    tokens = zip(columns, parts, SIZES, ORDERED, (g >= 0 for g in GATES), strict=True)
    layout = Layout(tuple(Token(*facts) for facts in tokens))
    assert layout.gates == GATES
    model = ConditionalVAE(vae_config(layout, codes, latent_dim=4, seed=1))
    model.start_from(codes)
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:  # away from the initial zeros
        variable.assign_add(0.1 * rng.normal(size=variable.shape).astype("float32"))
    return model


def logits_of(model, codes, context=None):
    embedded = model.embedding(codes)
    flat = tf.reshape(embedded, (len(codes), -1))
    context = tf.zeros((len(codes), model.config.context)) if context is None else context
    return side_by_side(model.decoder(flat, context)) + side_by_side(model.parent_tables(codes))


def test_code_space_gives_every_code_a_place_of_its_own():
    space = CodeSpace(SIZES, ORDERED, GATES)
    places = np.concatenate([o + np.arange(k) for o, k in zip(space.offsets, SIZES, strict=True)])
    assert len(set(places)) == sum(SIZES)
    assert places.max() < space.width
    missing = space.offsets[3] + 59  # never drawn: the gate decides
    assert (space.padding[places[places != missing]] == 0).all()
    assert (space.padding < 0).sum() == space.width - sum(SIZES) + 1


@pytest.mark.parametrize("token", range(6))
def test_a_token_is_predicted_from_earlier_tokens_only(model, codes, token):
    changed = codes.copy()
    changed[:, token:] = (changed[:, token:] + 1) % np.array(SIZES)[token:]
    own = model.space.owner <= token
    before, after = logits_of(model, codes).numpy(), logits_of(model, changed).numpy()
    np.testing.assert_array_equal(before[:, own], after[:, own])
    if token < 5:  # while later tokens do see the change
        assert np.abs(before - after)[:, ~own].max() > 1e-3


def test_probabilities_of_each_token_sum_to_one(model, codes):
    weights = np.exp(logits_of(model, codes).numpy())
    shares = weights / (weights @ MEMBER)[:, model.space.owner]
    np.testing.assert_allclose(shares @ MEMBER, 1, rtol=1e-4)
    assert shares[:, model.space.padding < 0].max() < 1e-20


def test_likelihoods_are_those_of_the_logits(model, codes):
    embedded = tf.reshape(model.embedding(codes), (len(codes), -1))
    blocks = model.decoder(embedded, tf.zeros((len(codes), model.config.context)))
    flat = side_by_side(blocks).numpy()
    chosen = np.take_along_axis(flat, codes + model.space.offsets, axis=1)
    told = codes != model.space.missing_codes  # the gate tells of the others
    likelihood = log_likelihood(blocks, codes, model.space).numpy()
    np.testing.assert_allclose(
        likelihood[told], (chosen - np.log(np.exp(flat) @ MEMBER))[told], rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("sizes", [(60, 50), (2, 3)])  # many codes only, few only
def test_tokens_of_one_kind_have_a_likelihood(sizes, rng):
    codes = rng.integers(0, sizes, (40, 2)).astype("int32")
    tokens = tuple(Token(f"c{t}", "value", size, True, False) for t, size in enumerate(sizes))
    alone = ConditionalVAE(vae_config(Layout(tokens), codes, latent_dim=4, seed=1))
    alone.start_from(codes)
    with tf.GradientTape() as tape:
        losses, _ = alone.losses_of(codes, tf.zeros((40, 2)), training=False)
        loss = tf.reduce_mean(losses)
    assert abs(loss - np.log(sizes).sum()) < 1.5
    assert sum(g is not None for g in tape.gradient(loss, alone.decoder.trainable_variables)) >= 5


def test_the_gradient_of_a_likelihood_is_that_of_its_softmax():
    rng = np.random.default_rng(0)
    logits = tf.constant(rng.normal(0, 5, (3, 40, 17)), dtype=tf.float32)
    own = tf.constant(rng.integers(0, 17, (3, 40)), dtype=tf.int32)
    upstream = tf.constant(rng.normal(size=(3, 40)), dtype=tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        told = bank_log_likelihood(logits, own)
        expected = tf.gather(tf.nn.log_softmax(logits), own, batch_dims=2)
    np.testing.assert_allclose(told, expected, rtol=1e-4, atol=1e-5)
    gradients = [tape.gradient(law, logits, output_gradients=upstream) for law in (told, expected)]
    np.testing.assert_allclose(*gradients, rtol=1e-3, atol=1e-5)


def test_draws_follow_the_network(model):
    arrays = decoder_arrays(model.space, model.embedding, model.decoder, model.parent_tables)
    n = 40_000
    given = np.full((n, 6), -1, dtype="int32")
    given[:, :3] = (1, 4, 0)
    context = np.zeros((n, model.config.context), dtype="float32")
    drawn = draw_codes(arrays, context, given, np.random.default_rng(0), stratified=False).codes
    assert (drawn[:, :3] == (1, 4, 0)).all()
    first = model.space.offsets[3]
    logits = logits_of(model, drawn[:1]).numpy()[0, first : first + SIZES[3]]
    law = np.exp(logits - logits.max())
    seen = np.bincount(drawn[:, 3], minlength=SIZES[3]) / n
    np.testing.assert_allclose(seen, law / law.sum(), atol=0.012)


def test_drawn_rows_are_as_likely_as_the_network_says(model):
    # entropy by draws against entropy by likelihood: the cached pass and the full pass must agree
    arrays = decoder_arrays(model.space, model.embedding, model.decoder, model.parent_tables)
    given = np.full((4_000, 6), -1, dtype="int32")
    context = np.random.default_rng(3).normal(size=(4_000, model.config.context)).astype("float32") / 4
    drawn = draw_codes(arrays, context, given, np.random.default_rng(0)).codes
    told = drawn != model.space.missing_codes  # the gate draws what is missing
    logits = logits_of(model, drawn, tf.constant(context)).numpy()
    chosen = np.take_along_axis(logits, drawn + model.space.offsets, axis=1)
    likelihood = (chosen - np.log(np.exp(logits) @ MEMBER)) * told
    shares = np.exp(logits) / (np.exp(logits) @ MEMBER)[:, model.space.owner]
    entropy = -(shares * np.log(shares + 1e-30)) @ MEMBER * told
    np.testing.assert_allclose(-likelihood.mean(axis=0), entropy.mean(axis=0), atol=0.08)


def test_weights_of_proposals_average_to_the_probability_of_what_is_asked(model):
    free = model.generate(60_000, seed=0)
    evidence = model.nothing_given(20_000)
    evidence[:, 1] = 3
    allowed = {0: np.array([True, False, True])}
    codes, log_weights = model.propose(evidence, allowed, np.random.default_rng(1))
    assert (codes[:, 1] == 3).all()
    assert (codes[:, 0] != 1).all()
    share = ((free[:, 1] == 3) & (free[:, 0] != 1)).mean()
    weights = np.exp(log_weights)
    assert weights.mean() == pytest.approx(share, abs=4 * weights.std() / len(weights) ** 0.5)
    weighted = np.average(codes[:, 2] == 1, weights=weights)  # and they give its law
    own = free[(free[:, 1] == 3) & (free[:, 0] != 1), 2] == 1
    count = weights.sum() ** 2 / np.square(weights).sum()  # a few of the rows hold most of the weight
    assert weighted == pytest.approx(own.mean(), abs=3 * own.std() * (1 / len(own) + 1 / count) ** 0.5)


def test_a_value_is_missing_just_where_its_gate_says_so(model):
    rows = model.generate(2_000, seed=2)
    assert 0.2 < rows[:, 2].mean() < 0.8
    np.testing.assert_array_equal(rows[:, 3] == 59, rows[:, 2] == 1)


def test_a_missing_value_costs_nothing_beyond_its_gate(model, codes):
    absent = codes[codes[:, 2] == 1]
    only_gated = tf.constant([[1.0, 1.0, 1.0, 0.0, 1.0, 1.0]] * len(absent))  # all else is evidence
    reconstruction, _ = model.losses_of(absent, only_gated, training=False)
    np.testing.assert_array_equal(reconstruction, 0)


def test_stratified_draws_vary_less(model):
    arrays = decoder_arrays(model.space, model.embedding, model.decoder, model.parent_tables)
    nothing = np.full((640, 6), -1, dtype="int32")
    context = np.zeros((640, model.config.context), dtype="float32")

    def spread(stratified):
        rows = [
            draw_codes(arrays, context, nothing, np.random.default_rng(s), stratified=stratified).codes
            for s in range(12)
        ]
        return np.std([np.bincount(r[:, 1], minlength=3) / 640 for r in rows], axis=0).sum()

    assert spread(True) < spread(False) / 2


def test_same_seed_same_rows_and_fresh_entropy_without(model):
    one, two = model.generate(50, seed=5), model.generate(50, seed=5)
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(model.generate(50), model.generate(50))


def test_evidence_is_kept_and_matters(model):
    given = np.full((500, 6), -1, dtype="int32")
    given[:, 5] = 7
    rows = model.generate(500, evidence=given, seed=0)
    assert (rows[:, 5] == 7).all()
    free = model.generate(500, seed=0)
    assert not np.array_equal(rows[:, :5], free[:, :5])


def test_evidence_costs_nothing_and_no_evidence_has_no_say(model, codes):
    everything = tf.ones(codes.shape)
    reconstruction, _ = model.losses_of(codes, everything, training=False)
    np.testing.assert_allclose(reconstruction, 0)
    embedded = model.embedding(codes)
    np.testing.assert_array_equal(model.context_of(embedded, tf.zeros(codes.shape)), 0)


def test_whole_columns_are_shown_as_evidence(model):
    visible = model.draw_evidence(tf.constant(2_000)).numpy()
    np.testing.assert_array_equal(visible[:, ::2], visible[:, 1::2])  # tokens of a column go together
    hidden = (visible.sum(axis=1) == 0).mean()
    assert 0.5 < hidden < 0.75


def test_first_weights_give_the_frequencies(codes):
    layout = Layout(tuple(Token(str(i), "value", k, False, False) for i, k in enumerate(SIZES)))
    model = ConditionalVAE(vae_config(layout, codes, latent_dim=0, seed=0))
    model.start_from(codes)
    bias = np.exp(model.decoder.heads.bias.numpy())
    offset = model.space.offsets[0]
    np.testing.assert_allclose(bias[offset], (codes[:, 0] == 0).mean(), atol=0.02)


def test_a_saved_model_comes_back(model, codes, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(logits_of(again, codes), logits_of(model, codes))


@pytest.mark.parametrize(("rate", "units"), [(0.25, 64), (0.1, 63), (0.0, 5)])
def test_dropped_units_are_a_share_and_the_rest_makes_up_for_them(rate, units):
    seed = keras.random.SeedGenerator(0)
    ones = tf.ones((4_000, units))
    first, second = (drop(ones, rate, seed).numpy() for _ in range(2))
    assert first.shape == (4_000, units)
    dropped = round(256 * rate) / 256
    assert (first == 0).mean() == pytest.approx(dropped, abs=0.005)
    np.testing.assert_allclose(first[first > 0], 1 / (1 - dropped), rtol=1e-6)
    if rate:
        both = (first == 0) & (second == 0)  # each time, and each unit, anew
        assert both.mean() == pytest.approx(dropped**2, abs=0.005)
        neighbours = (first[:, 1:] == 0) & (first[:, :-1] == 0)
        assert neighbours.mean() == pytest.approx(dropped**2, abs=0.005)
