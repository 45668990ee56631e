"""A discriminator that tells what is generated, and draws that it guides: right law, evidence kept."""

import keras
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from tabgen.models.conditional import LOST, _even_weights, _rows_needed
from tabgen.models.discriminator import STEP, TREES, TreeDiscriminator, fit_discriminator, tree_layer
from tabgen.models.guided import GuidedModel, choice_within, inclusion, raked, systematic_choice
from tabgen.models.layers import CodeSpace
from tabgen.models.twosample import two_sample_score

SIZES = (4, 4, 30)
SPACE = CodeSpace(SIZES, (False, False, True), (-1, -1, -1))


@keras.saving.register_keras_serializable("tests")
class Careless(keras.Model):
    """Draws the first two tokens as if they were independent; in the real table they are mostly alike."""

    space = SPACE

    def get_config(self):
        return {}

    def generate(self, n, *, evidence=None, seed=None, stratified=True):
        codes = np.random.default_rng(seed).integers(0, SIZES, (n, 3)).astype("int32")
        return codes if evidence is None else np.where(evidence < 0, codes, evidence)


def real_rows(n, seed):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, SIZES, (n, 3))
    codes[:, 1] = np.where(rng.random(n) < 0.5, codes[:, 0], codes[:, 1])
    return codes.astype("int32")


LEARNED = real_rows(5_000, 4)


@pytest.fixture(scope="module")
def judged():
    draw = Careless().generate
    return fit_discriminator(
        real_rows(4_000, 0), real_rows(500, 1), draw(9_000, seed=2), draw(500, seed=3), seed=0
    )


@pytest.fixture(scope="module")
def guided(judged):
    model = GuidedModel(Careless(), judged[0])
    model.learn_shares(LEARNED)
    return model


def alike(codes):
    return (codes[:, 0] == codes[:, 1]).mean()


def test_two_sample_score_is_half_for_the_same_law_and_near_one_for_another():
    one, two, other = real_rows(2_000, 0), real_rows(2_000, 1), Careless().generate(2_000, seed=2)
    assert two_sample_score(one, two) == pytest.approx(0.5, abs=0.03)
    assert two_sample_score(one, other) > 0.57
    assert two_sample_score(one, 29 - one) > 0.95
    assert two_sample_score(one, other[:300], seed=1) == two_sample_score(one, other[:300], seed=1)


def test_the_layer_judges_as_the_trees_do():
    codes = np.concatenate([real_rows(1_000, 0), Careless().generate(1_000, seed=1)])
    trees = HistGradientBoostingClassifier(max_iter=30, random_state=0).fit(codes, np.arange(2_000) < 1_000)
    layer = tree_layer(trees, codes[:50])
    unseen = real_rows(300, 9)
    np.testing.assert_allclose(layer.log_ratio(unseen), trees.decision_function(unseen), atol=1e-5)


def test_trees_of_another_layout_are_refused(monkeypatch):
    codes = real_rows(200, 0)
    trees = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(codes, codes[:, 0] > 1)
    monkeypatch.setattr(TreeDiscriminator, "log_ratio", lambda self, rows: rows[:, 0] * 1.0)
    with pytest.raises(RuntimeError, match="laid out in a way tabgen cannot read"):
        tree_layer(trees, codes)


def test_the_history_of_the_discriminator_is_of_rows_not_seen(judged):
    stage = judged[1]
    assert stage.curves["trees"] == list(range(STEP, TREES + 1, STEP))
    # a classifier that knows the law finds .5 + |p - q| / 4 of the rows: alike or not is all there is to it
    accuracy = (np.array(stage.curves["real_accuracy"]) + stage.curves["generated_accuracy"])[:5] / 2
    assert (accuracy > 0.6).all()
    assert min(stage.curves["val_loss"]) < 0.67
    assert stage.ended == "guides sampling"


def test_the_discriminator_learns_nothing_from_the_rows_that_judge_it(judged):
    draw = Careless().generate
    others = real_rows(700, 7), draw(9_000, seed=2), draw(700, seed=8)
    other, _ = fit_discriminator(real_rows(4_000, 0), *others, seed=0)
    rows = real_rows(1_000, 9)
    # up to a constant, which is read off the rows that the layer is checked by
    np.testing.assert_allclose(other.log_ratio(rows), judged[0].log_ratio(rows), atol=1e-3)


def test_a_generator_beyond_reproach_needs_no_discriminator():
    rows = [real_rows(n, seed) for n, seed in ((3_000, 0), (400, 1), (6_000, 2), (400, 3))]
    discriminator, stage = fit_discriminator(*rows, seed=0)
    assert discriminator is None
    assert "not needed" in stage.ended
    model = GuidedModel(Careless(), None)
    np.testing.assert_array_equal(model.generate(50, seed=4), Careless().generate(50, seed=4))


@pytest.mark.parametrize("stratified", [True, False])
def test_guided_draws_follow_the_real_law(guided, stratified):
    n = 12_000
    drawn = guided.generate(n, seed=0, stratified=stratified)
    assert drawn.shape == (n, 3)
    assert alike(Careless().generate(n, seed=0)) == pytest.approx(0.25, abs=0.02)
    # a choice of one in three at random can be no better than this much
    assert alike(drawn) > (0.58 if stratified else 0.4)
    for token, size in enumerate(SIZES):  # and what was right stays right
        shares, own = (np.bincount(rows[:, token], minlength=size) / len(rows) for rows in (drawn, LEARNED))
        np.testing.assert_allclose(shares, own, atol=0.005 if stratified else 0.03)


def test_guided_draws_keep_evidence(guided):
    given = np.full((4_000, 3), -1, dtype="int32")
    given[:, 0] = 2
    given[::2, 2] = 7
    drawn = guided.generate(4_000, evidence=given, seed=0)
    assert (drawn[:, 0] == 2).all()
    assert (drawn[::2, 2] == 7).all()
    assert (drawn[:, 1] == 2).mean() > 0.45  # .25 without guidance


def test_few_rows_and_none(guided):
    assert guided.generate(0).shape == (0, 3)
    assert guided.generate(1, seed=0).shape == (1, 3)
    np.testing.assert_array_equal(guided.generate(7, seed=1), guided.generate(7, seed=1))


def test_many_rows_come_in_pools(guided, monkeypatch):
    monkeypatch.setattr("tabgen.models.guided.ROWS_AT_ONCE", 500)
    drawn = guided.generate(1_234, seed=0)
    assert drawn.shape == (1_234, 3)
    assert not np.array_equal(drawn[:500], drawn[500:1_000])


def test_a_pool_is_small_where_rows_weigh_much_alike(guided, monkeypatch):
    asked = []

    def counted(n, **options):
        asked.append(n)
        return Careless().generate(n, **options)

    indifferent = TreeDiscriminator(1, 1)
    indifferent.left.assign([-1])  # a leaf that says 0
    mild = GuidedModel(Careless(), indifferent)
    mild.learn_shares(LEARNED)
    for model, pools in ((mild, [200]), (guided, [200, 100])):
        monkeypatch.setattr(model.generator, "generate", counted)
        asked.clear()
        assert len(model.generate(100, seed=0)) == 100
        assert asked == pools


def test_raked_weights_give_each_code_its_share():
    rng = np.random.default_rng(0)
    places = rng.integers(0, SIZES, (5_000, 3)) + SPACE.offsets
    shares = np.zeros(SPACE.width)
    shares[SPACE.offsets[0] : SPACE.offsets[0] + 4] = (0.4, 0.3, 0.2, 0.1)
    shares[SPACE.offsets[1] : SPACE.offsets[1] + 4] = (0.25, 0.25, 0.25, 0.25)
    shares[SPACE.offsets[2] : SPACE.offsets[2] + 30] = 1 / 30
    weights = raked(rng.random(5_000) + 0.5, places, shares)
    have = sum(np.bincount(p, weights, minlength=len(shares)) for p in places.T) / weights.sum()
    np.testing.assert_allclose(have, shares, atol=0.005)


def test_inclusion_is_in_proportion_and_never_above_one():
    weights = np.array([100.0, 1.0, 1.0, 2.0, 4.0])
    np.testing.assert_allclose(inclusion(weights, 2), [1, 1 / 8, 1 / 8, 2 / 8, 4 / 8])
    np.testing.assert_allclose(inclusion(weights, 5), 1)
    assert inclusion(np.ones(4), 0).sum() == 0


def test_systematic_choice_takes_none_twice_and_varies_less():
    pool = np.random.default_rng(0).integers(0, SIZES, (3_000, 3)).astype("int32")
    weights = np.where(pool[:, 0] == 0, 2.0, 1.0)
    shares = []
    for seed in range(20):
        chosen = systematic_choice(pool, weights, 1_000, SPACE, np.random.default_rng(seed))
        assert len(set(chosen)) == 1_000
        shares.append((pool[chosen, 0] == 0).mean())
    expected = weights[pool[:, 0] == 0].sum() / weights.sum()
    assert np.mean(shares) == pytest.approx(expected, abs=0.001)
    assert np.std(shares) < 0.002  # independent draws: .015


def test_choice_within_groups_follows_the_weights():
    weights = np.tile([1.0, 3.0], (8_000, 1))
    chosen = choice_within(weights, np.random.default_rng(0))
    assert (chosen // 2 == np.arange(8_000)).all()
    assert (chosen % 2).mean() == pytest.approx(0.75, abs=0.02)


def test_a_saved_guided_model_comes_back(guided, tmp_path):
    guided.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(again.generate(100, seed=3), guided.generate(100, seed=3))


def test_a_pool_is_as_large_as_its_heaviest_rows_ask_for():
    assert _rows_needed(np.ones(1_000)) == 1
    rare = np.where(np.arange(1_000) < 50, 20.0, 1.0)  # one row in twenty has half of all weight
    needed = _rows_needed(rare)
    chances = inclusion(rare, int(1_000 / needed))
    assert 8 < needed < 11  # 20 / mean weight, less what may be lost
    assert chances[:50].sum() / chances.sum() > rare[:50].sum() / rare.sum() - LOST - 0.01


def test_groups_weigh_as_much_as_they_have_rows():
    group = np.array([0, 0, 0, 1, 1, 2])
    weights = _even_weights(np.array([0.0, 0.0, np.log(4), -700.0, -700.0, 900.0]), group)
    np.testing.assert_allclose(weights, [0.5, 0.5, 2, 1, 1, 1])
