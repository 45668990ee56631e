"""Parents: the best single predictor is found, noise has none, and tables say what the rows say."""

import numpy as np
import pytest

from tabgen.models.layers import CodeSpace, side_by_side
from tabgen.models.loglinear import (
    Coarse,
    _fitted_ratios,
    _surely,
    choose_parents,
    fit_table,
    fit_tables,
    gains_of,
)
from tabgen.models.parents import ParentTables


def space_of(*sizes, ordered=False, gates=None):
    return CodeSpace(sizes, (ordered,) * len(sizes), gates or (-1,) * len(sizes))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_function_of_another_token_finds_it(rng):
    city = rng.integers(0, 30, 3_000)
    noise = rng.integers(0, 10, 3_000)
    assert choose_parents(np.stack([city % 7, noise, city], axis=1), space_of(7, 10, 30)) == ((), (), (0,))


def test_independent_tokens_have_no_parent(rng):
    assert choose_parents(rng.integers(0, 60, (4_000, 6)), space_of(*(60,) * 6)) == ((),) * 6


def test_two_causes_are_both_found_and_both_hold(rng):
    a, b = rng.integers(0, 4, 20_000), rng.integers(0, 3, 20_000)
    b = np.where(rng.random(20_000) < 0.5, a % 3, b)  # causes that go together
    effect = (rng.random(20_000) < 0.1 + 0.15 * a + 0.1 * b).astype(int)
    codes = np.stack([a, b, effect], axis=1)
    space = space_of(4, 3, 2)
    assert set(choose_parents(codes, space)[2]) == {0, 1}
    share = np.bincount(effect) / len(effect)
    logits = np.log(share) + sum(t[codes[:, p]] for p, t in fit_tables(codes, 2, (0, 1), space))
    law = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for cause in (a, b):
        for value in np.unique(cause):
            rows = cause == value
            assert law[rows, 1].mean() == pytest.approx(effect[rows].mean(), abs=0.01)


def test_what_a_chain_explains_has_no_second_parent(rng):
    first = rng.integers(0, 5, 10_000)
    middle = np.where(rng.random(10_000) < 0.8, first, rng.integers(0, 5, 10_000))
    last = np.where(rng.random(10_000) < 0.8, middle, rng.integers(0, 5, 10_000))
    codes = np.stack([first, middle, last], axis=1)
    assert choose_parents(codes, space_of(5, 5, 5)) == ((), (0,), (1,))


def test_weak_relations_of_many_codes_are_told_coarsely(rng):
    place = rng.integers(0, 120, 3_000)
    effect = (rng.random(3_000) < 0.1 + 0.002 * place).astype(int)
    codes = np.stack([place, effect], axis=1)
    space = space_of(120, 2, ordered=True)
    assert choose_parents(codes, space)[1] == (0,)
    table = fit_table(codes, 1, 0, [], space)
    assert table.shape == (120, 2)
    assert len(np.unique(table[:, 1])) <= 16
    assert table[0, 1] < 0 < table[-1, 1]


def test_a_deterministic_child_never_leaves_its_parent(rng):
    parent = rng.integers(0, 5, 2_000)
    codes = np.stack([parent, parent * 3 + rng.integers(0, 3, 2_000)], axis=1)
    law = np.exp(fit_table(codes, 1, 0, [], space_of(5, 15)))
    impossible = np.arange(15)[None, :] // 3 != np.arange(5)[:, None]
    assert law[impossible].max() < 0.01
    assert law[~impossible].min() > 3


def test_a_weak_relation_is_shrunk_to_none(rng):
    ratios = fit_table(rng.integers(0, 50, (300, 2)), 1, 0, [], space_of(50, 50))
    assert np.abs(ratios).max() < 1  # seen once in 50 rows is not 50 times as likely


def test_gains_are_those_of_rows_left_out(rng):
    parent, child = rng.integers(0, 3, 60), rng.integers(0, 4, 60)
    share = (np.bincount(child, minlength=4) + 0.5) / 62
    by_hand = []
    for row in range(60):
        others = np.arange(60) != row
        same = others & (parent == parent[row])
        cell = (same & (child == child[row])).sum() + 2 * share[child[row]]
        by_hand.append(np.log(cell / (same.sum() + 2) / share[child[row]]))
    mean, error = gains_of(Coarse(parent, np.arange(3)), Coarse(child, np.arange(4)))
    assert mean[2] == pytest.approx(np.mean(by_hand))
    assert error[2] == pytest.approx(np.std(by_hand) / np.sqrt(60))


def test_missing_rows_say_nothing_of_values(rng):
    absent = rng.integers(0, 2, 2_000)
    group = rng.integers(0, 4, 2_000)
    value = np.where(absent, 50, group * 12 + rng.integers(0, 12, 2_000))
    space = space_of(2, 4, 51, ordered=True, gates=(-1, -1, 0))
    codes = np.stack([absent, group, value], axis=1)
    assert choose_parents(codes, space)[2] == (1,)


@pytest.mark.parametrize("seed", range(5))
def test_of_two_tokens_that_say_the_same_the_first_is_the_parent(seed):
    rng = np.random.default_rng(seed)
    first, alone = rng.integers(0, 7, 900), rng.integers(0, 3, 900)
    child = np.where(rng.random(900) < 0.7, first, rng.integers(0, 7, 900))
    codes = np.stack([alone, first, (5 * first + 1) % 7, (child + alone) % 7], axis=1)
    assert choose_parents(codes, space_of(3, 7, 7, 7))[3][:2] in ((1, 0), (1,))


def test_gains_that_differ_by_rounding_are_the_same():
    assert 0.1 + 0.2 != 0.3
    assert _surely(np.array([[0.1 + 0.2], [0.0]])) == _surely(np.array([[0.3], [0.0]]))


def test_rows_of_the_tables_are_found_again(rng):
    space = CodeSpace((3, 5, 50, 90), (False, True, True, False), (-1,) * 4)
    tables = ParentTables(space, ((), (0,), (1, 0), (2, 1, 0)))
    codes = rng.integers(0, (3, 5, 50, 90), (400, 4)).astype("int32")
    codes[:, 1] = codes[:, 0] + codes[:, 1] % 2
    tables.learn(codes)
    said = side_by_side(tables(codes)).numpy()
    assert said.shape == (400, space.width)
    assert tables.of_token(0) == []
    for token in (1, 2, 3):
        pairs = tables.of_token(token)
        own = slice(space.offsets[token], space.offsets[token] + space.cardinalities[token])
        assert [parent for parent, _ in pairs] == list(tables.parents[token])
        np.testing.assert_allclose(said[:, own], sum(t[codes[:, p]] for p, t in pairs), atol=1e-6)
    np.testing.assert_array_equal(said[:, space.owner == 0], 0)


def test_laws_with_nothing_left_are_not_divided_by(rng):
    parent, child = (Coarse(rng.integers(0, 2, 500), np.arange(2)) for _ in "12")
    laws = np.zeros((500, 2), dtype=np.float32)  # as where all that is left is too small for a float32
    laws[250:] = 0.5
    assert np.isfinite(_fitted_ratios(laws, parent, child, smooth=0.5)).all()
