"""Attacks gain nothing from rows of the same law, and much from copies; the worst case is what counts."""

import numpy as np
import pandas as pd
import pytest

from tabgen.evaluation import evaluate
from tabgen.evaluation.attacks import FIGURES, attack_scores, attacks

ROWS = 900


def draw(seed, rows=ROWS):
    """Return tidy rows that depend on each other."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=rows)
    levels = pd.cut(hidden + rng.normal(size=rows), [-9, -1, 0, 1, 9], labels=False)
    return pd.DataFrame(
        {
            "a": hidden + 0.5 * rng.normal(size=rows),
            "b": hidden + 0.5 * rng.normal(size=rows),
            "c": rng.normal(size=rows),
            "level": pd.Categorical.from_codes(levels, range(4)),
            "flag": pd.Categorical.from_codes((rng.random(rows) < 0.3).astype(int), range(2)),
        }
    )


@pytest.fixture(scope="module")
def tables():
    real, holdout, fresh = draw(0), draw(1), draw(2)
    rng = np.random.default_rng(3)
    apart = pd.DataFrame({name: real[name].iloc[rng.permutation(ROWS)].array for name in real})
    some = pd.concat([real.iloc[: ROWS // 2], fresh.iloc[ROWS // 2 :]], ignore_index=True)
    return real, holdout, {"apart": apart, "fresh": fresh, "some": some, "copy": real}


@pytest.fixture(scope="module")
def found(tables):
    real, holdout, made = tables
    return {
        name: {score.name: score for score in attack_scores(real, synthetic, holdout, 0)}
        for name, synthetic in made.items()
    }


@pytest.mark.parametrize("risk", FIGURES)
def test_risks_are_in_order_and_intervals_right(found, risk):
    ideal = found["fresh"][risk].ideal
    assert found["apart"][risk].low <= ideal + 0.01
    assert found["fresh"][risk].low <= ideal + 0.01
    assert found["copy"][risk].low > ideal + 0.05
    assert found["copy"][risk].value > found["some"][risk].value > found["fresh"][risk].value
    for scores in found.values():
        assert scores[risk].low <= scores[risk].value <= scores[risk].high


@pytest.mark.slow
def test_the_verdict_tells_copies_from_the_law(tables):
    real, holdout, made = tables
    fresh, some = (evaluate(real, made[name], holdout).verdict for name in ("fresh", "some"))
    assert fresh.family("disclosure") == "green"
    assert some.family("disclosure") == "red"
    assert any("The gain in guessing the worst column is" in reason.text for reason in some.reasons)


def test_attacks_say_whom_they_are_about(tables):
    real, holdout, made = tables
    every = attacks(real, made["copy"], holdout, seed=1)
    secrets = {attack.about for attack in every if attack.risk == "attribute_inference"}
    groups = {attack.about for attack in every if attack.risk == "worst_group"}
    assert secrets == set(real.columns)
    assert {"flag: 0", "flag: 1", "level: 2"} <= groups
    assert all(a.members > a.others for a in every if a.risk == "linkability")
    assert str(attacks(real, made["copy"], holdout, seed=1)) == str(every)


def test_a_guess_that_all_can_make_is_no_disclosure():
    flat = [draw(seed).assign(flag=pd.Categorical.from_codes([0] * ROWS, range(2))) for seed in range(3)]
    every = attacks(*flat)
    assert "flag" not in {attack.about for attack in every}
    guessed = [a for a in every if a.risk == "attribute_inference"]
    assert all(a.members > 0.05 for a in guessed)  # hits there are, but no gain
    assert all(a.low < 0.03 for a in guessed)


def test_a_group_of_which_more_is_told_stands_out():
    real, holdout = draw(5, 2_400), draw(6, 2_400)
    told = pd.concat([draw(7, 1_500), real[real["flag"] == 1]], ignore_index=True)
    found = {attack.about: attack for attack in attacks(real, told, holdout) if "membership" in attack.risk}
    groups = {attack.about: attack for attack in attacks(real, told, holdout) if attack.risk == "worst_group"}
    assert groups["flag: 1"].value > found[""].value + 0.1
    assert groups["flag: 1"].low > 0.6
    assert groups["flag: 0"].low < 0.5
    assert "the most isolated" in groups


def test_too_little_to_attack_is_no_number(tables):
    real, holdout, made = tables
    assert attacks(real.head(20), made["copy"], holdout) == []
    assert attacks(real[["a"]], real[["a"]], holdout[["a"]]) == []
    assert all(np.isnan(score.value) for score in attack_scores(real, real, None, 0))


def test_missing_values_are_attacked_too(tables):
    real, holdout, _ = tables
    holed = [
        frame.mask(np.random.default_rng(k).random(frame.shape) < 0.2)
        for k, frame in enumerate((real, holdout))
    ]
    scores = {score.name: score for score in attack_scores(holed[0], holed[0], holed[1], 0)}
    assert scores["attribute_inference"].low > 0.1
