"""Lines of text to comparisons; what cannot be read is told in one sentence."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgen.errors import ConditionError
from tabgen.where import Comparison, parse_where


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age >= 40", [("age", ">=", (40,))]),
        ("age = 40.5", [("age", "==", (40.5,))]),
        ("age <> -3", [("age", "!=", (-3,))]),
        ("18 <= age < 65", [("age", ">=", (18,)), ("age", "<", (65,))]),
        ("age between 18 and 65", [("age", ">=", (18,)), ("age", "<=", (65,))]),
        ("age > 1 AND sex == 'f'", [("age", ">", (1,)), ("sex", "==", ("f",))]),
        ("city in ('Paris', 'Rome')", [("city", "in", ("Paris", "Rome"))]),
        ("city NOT IN ('Paris')", [("city", "not in", ("Paris",))]),
        ("spouse is null and job is not null", [("spouse", "is null", ()), ("job", "is not null", ())]),
        ("`hours per week` > 1e3", [("hours per week", ">", (1000.0,))]),
        ('"native-country" == \'Cote d\'\'Ivoire\'', [("native-country", "==", ("Cote d'Ivoire",))]),
        ("smokes == true", [("smokes", "==", (True,))]),
        ("größe < 3", [("größe", "<", (3,))]),
        ("'2024-01-31' < day", [("day", ">", ("2024-01-31",))]),
    ],
)  # fmt: skip
def test_lines_are_read(text, expected):
    assert parse_where(text) == [Comparison(*facts) for facts in expected]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "says too little. Write for instance"),
        ("age", "says too little. Write for instance"),
        ("age >=", "says too little. Write for instance"),
        ("age ! 4", "cannot be read at '! 4'"),
        ("age >= 4 or age < 2", "says or"),
        ("age >= 4, sex == 'f'", "cannot be read at ','"),
        ("city == Paris", "Put text into single quotes: 'Paris'"),
        ("3 < 4", "compares 4, which is no column"),
        ("3 in (4)", "compares 3, which is no column"),
        ("city in 'Paris'", "cannot be read at 'Paris'"),
        ("city in ('Paris'", "says too little. Write for instance"),
        ("spouse is 4", "cannot be read at 4"),
        ("spouse == null", "compares with null. Write: is null, or: is not null"),
        ("spouse not null", "compares with null"),
        ("age between 3 or 4", "cannot be read at 'or'"),
        ("__import__('os').system('x')", "cannot be read at"),
    ],
)
def test_what_cannot_be_read_is_told(text, says):
    with pytest.raises(ConditionError) as error:
        parse_where(text)
    assert says in str(error.value)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(ConditionError):
        parse_where(text)


@given(st.text("abc' ", max_size=20), st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_values_come_back(word, number):
    quoted = word.replace("'", "''")
    read = parse_where(f"a == '{quoted}' and b < {number!r}")
    assert read == [Comparison("a", "==", (word,)), Comparison("b", "<", (number,))]
