"""Parents: the best single predictor is found, noise has none, and tables say what the rows say."""

import numpy as np
import pytest

from tabgen.models.layers import CodeSpace
from tabgen.models.parents import NO_PARENT, ParentTables, choose_parents, log_ratios


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_function_of_another_token_finds_it(rng):
    city = rng.integers(0, 30, 3_000)
    noise = rng.integers(0, 10, 3_000)
    assert choose_parents(np.stack([city % 7, noise, city], axis=1), (7, 10, 30)) == (-1, -1, 0)


def test_independent_tokens_have_no_parent(rng):
    codes = rng.integers(0, 60, (4_000, 6))
    assert choose_parents(codes, (60,) * 6) == (NO_PARENT,) * 6


def test_a_deterministic_child_never_leaves_its_parent(rng):
    parent = rng.integers(0, 5, 2_000)
    law = np.exp(log_ratios(parent, parent * 3 + rng.integers(0, 3, 2_000), (5, 15)))
    impossible = np.arange(15)[None, :] // 3 != np.arange(5)[:, None]
    assert law[impossible].max() < 0.01
    assert law[~impossible].min() > 3


def test_a_weak_relation_is_shrunk_to_none(rng):
    ratios = log_ratios(rng.integers(0, 50, 300), rng.integers(0, 50, 300), (50, 50))
    assert np.abs(ratios).max() < 1  # seen once in 50 rows is not 50 times as likely


def test_rows_of_the_tables_are_found_again(rng):
    space = CodeSpace((3, 5, 50, 90), (False, True, True, False), (False,) * 4)
    tables = ParentTables(space, (-1, 0, 1, 2))
    codes = rng.integers(0, (3, 5, 50, 90), (400, 4)).astype("int32")
    codes[:, 1] = codes[:, 0] + codes[:, 1] % 2
    tables.learn(codes)
    said = tables(codes).numpy()
    assert said.shape == (400, space.width)
    assert tables.of_token(0) is None
    for token in (1, 2, 3):
        table = tables.of_token(token)
        own = slice(space.offsets[token], space.offsets[token] + space.cardinalities[token])
        np.testing.assert_array_equal(said[:, own], table[codes[:, token - 1]])
    np.testing.assert_array_equal(said[:, space.owner == 0], 0)
