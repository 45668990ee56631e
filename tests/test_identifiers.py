"""Keys and personal text: fresh values keep the pattern and give nobody away."""

import re
import uuid

import numpy as np
import pandas as pd
import pytest

from tabgen.identifiers import (
    COMMON,
    Counting,
    RandomNumbers,
    RandomUUIDs,
    TextPattern,
    draw_identifiers,
    fit_identifiers,
)
from tabgen.inference import infer_schema
from tabgen.jsonvalues import dtype_to_json
from tabgen.profiling import profile
from tabgen.schema import Column, Schema

RNG = np.random.default_rng(0)
FIRST = ["anna", "björn", "carla", "dmitri", "ewa", "farid"]
LAST = ["Nowak", "Okafor", "Pereira", "Quist", "Rossi"]


def fresh(values, n, seed=0, name="id", dtype=None):
    """Return the training column and n fresh values."""
    frame = pd.DataFrame({name: pd.Series(list(values), dtype=dtype)})
    schema = infer_schema(profile([frame]))
    generators = fit_identifiers(frame, schema)
    return frame[name], draw_identifiers(generators, n, schema, np.random.default_rng(seed))[name]


PATTERNS = {
    "letters and digits": ([f"AB-{7 * n:04d}" for n in range(60)], r"AB-[0-9]{4}"),
    "rare letters": (
        [f"{chr(65 + n % 26)}{chr(66 + n % 25)}-{n:03d}" for n in range(60)], r"[A-Z]{2}-[0-9]{3}",
    ),
    "two shapes": ([f"A-{n}{n}" if n % 2 else f"{n}/x" for n in range(10, 60)], r"A-[0-9]{4}|[0-9]{2}/x"),
    "lower UUIDs": ([str(uuid.UUID(int=n)) for n in range(30)], r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "e-mails": (
        [f"{first}.{last.lower()}{n}@mail.org" for n in range(2) for first in FIRST for last in LAST],
        r"[a-zö]+\.[a-zö]+[0-9]@mail\.org",
    ),
    "e-mails of many hosts": (
        [f"u{n}@host{n}.co.uk" for n in range(10, 40)], r"u[0-9]{2}@host[0-9]{2}\.co\.uk",
    ),
    "phones": ([f"+49 {n} {n}00{n}" for n in range(100, 140)], r"\+49 [0-9]{3} [0-9]{8}"),
    "names": ([f"{first.title()} {last}" for first in FIRST for last in LAST], r"[A-Z][a-zö]+ [A-Z][a-zö]+"),
}  # fmt: skip


@pytest.mark.parametrize(("values", "pattern"), PATTERNS.values(), ids=PATTERNS)
def test_fresh_texts_keep_the_pattern(values, pattern):
    real, drawn = fresh(values, 300, name="x")
    assert all(re.fullmatch(pattern, text) for text in real)
    assert [text for text in drawn if not re.fullmatch(pattern, text)] == []


@pytest.mark.parametrize("upper", [False, True])
def test_uuids_are_of_version_four(upper):
    texts = [str(uuid.UUID(int=10**37 + n)) for n in range(30)]
    _, drawn = fresh([text.upper() if upper else text for text in texts], 500)
    assert len(set(drawn)) == 500
    assert {uuid.UUID(text).version for text in drawn} == {4}
    assert {uuid.UUID(text).variant for text in drawn} == {uuid.RFC_4122}
    assert all(text == (text.upper() if upper else text.lower()) for text in drawn)


@pytest.mark.parametrize(
    ("values", "dtype", "following"),
    [
        (range(100, 150), "int64", [150, 151, 152]),
        (range(0, 500, 10), "Int32", [500, 510, 520]),
        (range(50, 0, -1), "int16[pyarrow]", [0, -1, -2]),
        (map(str, range(1, 31)), "str", ["31", "32", "33"]),
        (range(98, 128), "int8", [-128, -127, -126]),
        (range(29, -1, -1), "uint8", [255, 254, 253]),
        (range(2**64 - 30, 2**64), "uint64", [0, 1, 2]),
        (range(2**64 - 1, 2**64 - 31, -1), "uint64", [2**64 - 31, 2**64 - 32, 2**64 - 33]),
    ],
    ids=["up", "tens", "down", "text", "int8 full", "uint8 full", "uint64 full", "uint64 down"],
)
def test_counting_goes_on_after_the_last_within_the_dtype(values, dtype, following):
    real, drawn = fresh(values, 3, dtype=dtype)
    assert drawn.tolist() == following
    assert pd.Series(drawn, dtype=object).astype(real.dtype).tolist() == following


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (RNG.permutation(1_000)[:40] + 5_000, "int64"),
        (RNG.permutation(100)[:40], "int8"),
        (RNG.integers(0, 2**64, 40, dtype=np.uint64), "uint64"),
        (RNG.integers(-(2**63), 2**63, 40), "int64"),
        (RNG.integers(2**40, 2**41, 40), "Int64"),
    ],
    ids=["int64", "int8", "uint64", "all of int64", "Int64"],
)
def test_random_numbers_are_different_and_fit_their_dtype(values, dtype):
    real, drawn = fresh(values, 200, dtype=dtype)
    assert len(set(drawn)) == 200
    numbers = pd.Series(drawn, dtype=object).astype(real.dtype)
    assert numbers.tolist() == drawn.tolist()
    assert list(drawn) != sorted(drawn)


def test_random_numbers_as_text_stay_whole():
    _, drawn = fresh(map(str, RNG.permutation(9_000)[:40]), 100)
    assert all(isinstance(text, str) and re.fullmatch("0|[1-9][0-9]*", text) for text in drawn)


@pytest.mark.parametrize(
    "values",
    [
        [f"AB-{n:02d}" for n in range(40)],
        [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *(f"{letter}1" for letter in "ABCDEFGHIJ")],
        [f"u{n}@mail.org" for n in range(30)],
        [*(f"u{n}@mail.org" for n in range(30)), "", ""],
    ],
    ids=["two digits", "letters", "e-mails", "e-mails and blanks"],
)
def test_texts_stay_different_far_beyond_the_training_table(values):
    _, drawn = fresh(values, 3_000)
    assert len(drawn) == len(set(drawn)) == 3_000


def test_texts_that_repeated_may_repeat():
    _, drawn = fresh(["a@b.org", "c@d.org"] * 20, 300)
    assert len(set(drawn)) < 300


def test_rare_words_never_appear_and_common_ones_do():
    rare = ["Zyxomma", "Qwertzuiop", "Xylographer"]
    streets = [f"{number} Mainroad" for number in range(1_000, 1_040)]
    streets += [f"{number} {word}" for number, word in enumerate(rare * (COMMON - 1), start=1_000)]
    _, drawn = fresh(streets, 1_000, name="street")
    words = pd.Series([text.split()[1] for text in drawn])
    assert not words.str.casefold().isin([word.casefold() for word in rare]).any()
    assert words.eq("Mainroad").mean() == pytest.approx(40 / 52, abs=0.05)
    assert set(words.str.len()) <= {len(word) for word in [*rare, "Mainroad"]}


def test_a_word_is_common_from_five_rows_on():
    texts = [
        *["seldom word"] * (COMMON - 1),
        *["common word"] * COMMON,
        *(f"{n} fills {n}" for n in range(30)),
    ]
    _, drawn = fresh(texts, 3_000, name="address")
    text = " ".join(drawn)
    assert "common" in text
    assert "seldom" not in text


def test_a_rare_shape_never_appears():
    texts = [*(f"AB-{n}" for n in range(100, 150)), *(f"{n}/{n}/{n}" for n in range(COMMON - 1))]
    _, drawn = fresh(texts, 500)
    assert all(re.fullmatch("AB-[0-9]{3}", text) for text in drawn)


def test_no_text_of_the_training_table_is_kept():
    names = [
        f"{first.title()}{n} {last}berg" for n, first in enumerate(FIRST * 5) for last in LAST[n % 5 :][:1]
    ]
    frame = pd.DataFrame({"name": names})
    generators = fit_identifiers(frame, infer_schema(profile([frame])))
    stored = repr(generators)
    assert isinstance(generators["name"], TextPattern)
    assert not [name for name in names if name in stored]


@pytest.mark.parametrize(
    "values",
    [PATTERNS["e-mails"][0], RNG.permutation(500)[:40].tolist(), [str(uuid.UUID(int=n)) for n in range(30)]],
    ids=["texts", "numbers", "UUIDs"],
)
def test_a_seed_repeats_exactly(values):
    _, drawn = fresh(values, 50, seed=1)
    _, again = fresh(values, 50, seed=1)
    _, other = fresh(values, 50, seed=2)
    assert drawn.tolist() == again.tolist()
    assert drawn.tolist() != other.tolist()


def test_no_global_randomness_is_touched():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    fresh(PATTERNS["e-mails"][0], 50)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize(
    "values", [PATTERNS["names"][0], range(30), RNG.permutation(99)[:40], ["a@b.org"] * 2 + ["c@d.org"]]
)
def test_no_rows_are_no_values(values):
    _, drawn = fresh(values, 0)
    assert drawn.tolist() == []


def test_only_what_is_replaced_gets_a_generator_of_its_sort():
    frame = pd.DataFrame(
        {
            "count": range(40), "shuffled_id": RNG.permutation(99)[:40], "price": RNG.random(40),
            "uuid": [str(uuid.UUID(int=n)) for n in range(40)], "mail": [f"u{n}@mail.org" for n in range(40)],
        }
    )  # fmt: skip
    generators = fit_identifiers(frame, infer_schema(profile([frame])))
    assert {name: type(generator) for name, generator in generators.items()} == {
        "count": Counting, "shuffled_id": RandomNumbers, "uuid": RandomUUIDs, "mail": TextPattern,
    }  # fmt: skip


def test_missing_keys_are_left_out_of_the_pattern():
    _, drawn = fresh([*(f"AB-{7 * n:04d}" for n in range(60)), "", ""], 100)
    assert all(re.fullmatch(r"AB-[0-9]{4}", text) for text in drawn)


def test_a_single_number_may_be_a_key():
    frame = pd.DataFrame({"id": [7]})
    schema = Schema((Column("id", "identifier", dtype_to_json(np.dtype("int64"))),))
    drawn = draw_identifiers(fit_identifiers(frame, schema), 3, schema, np.random.default_rng(0))["id"]
    assert len(set(drawn)) == 3
