"""Uniforms to codes, and rows to groups of those that agree."""

import numpy as np
import pytest

from tabgen.models.sampling import BLOCK, Groups, _heaped, _invert


def heaps(weights, rows):
    with np.errstate(divide="ignore"):
        logits = np.log(np.array(weights, dtype="float32"))
    return _heaped(np.repeat(logits[:, None], rows, axis=1))[0]


def test_no_code_without_weight_is_drawn_at_the_ends():
    uniforms = np.array([0.0, 1e-12, 0.5 - 1e-9, 0.5, 1 - 1e-9, np.nextafter(1, 0)])
    drawn = _invert(heaps([0, 1, 0, 1, 0], len(uniforms)), uniforms)
    np.testing.assert_array_equal(drawn, [1, 1, 3, 3, 3, 3])


@pytest.mark.parametrize("codes", [7, 256, 300])
def test_codes_are_drawn_as_often_as_they_weigh(codes):
    weights = np.random.default_rng(0).random(codes) ** 2
    uniforms = (np.arange(60_000) + 0.5) / 60_000
    seen = np.bincount(_invert(heaps(weights, len(uniforms)), uniforms), minlength=codes)
    np.testing.assert_allclose(seen, weights / weights.sum() * len(uniforms), atol=1.5)


def test_the_sum_of_weights_is_that_of_all():
    logits = np.random.default_rng(0).normal(size=(5, 9)).astype("float32")
    np.testing.assert_allclose(_heaped(logits)[1], np.log(np.exp(logits).sum(axis=0)), rtol=1e-5)


def test_rows_share_a_group_just_where_they_agree_so_far():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, (3, 300, 2), (1_000, 3)).T
    groups = Groups(1_000, rng)
    for seen, token in enumerate(codes, start=1):
        groups.split(token)
        pairs = np.unique([*codes[:seen], groups.numbers], axis=1).shape[1]
        assert pairs == len(np.unique(groups.numbers)) == np.unique(codes[:seen], axis=1).shape[1]
        assert (np.diff(groups.numbers[groups.order].astype(int)) >= 0).all()
    assert sorted(groups.order) == list(range(1_000))


def test_rows_of_a_group_share_all_strata():
    groups = Groups(4 * BLOCK, np.random.default_rng(0))
    groups.split(np.repeat([1, 0], 2 * BLOCK))
    uniforms = groups.uniforms()
    for half in (uniforms[: 2 * BLOCK], uniforms[2 * BLOCK :]):
        np.testing.assert_array_equal(np.bincount((half * BLOCK).astype(int)), 2)
