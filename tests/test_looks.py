"""Number and date looks: found in texts, parsed, and written again letter by letter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tabgen.errors import ColumnRejected
from tabgen.looks import (
    DATE_FORMATS,
    MARKS,
    NumberLook,
    detect_date_format,
    detect_number_look,
    format_dates,
    format_numbers,
    parse_date,
    parse_dates,
    parse_numbers,
)

NUMBERS = {
    "whole": (["1", "-20", "0"], NumberLook(), [1, -20, 0]),
    "fixed decimals": (["1.50", "-0.25"], NumberLook("", ".", 2, 2), [1.5, -0.25]),
    "free decimals": (["1", "2.5", "-3.125"], NumberLook("", ".", 0, 3), [1, 2.5, -3.125]),
    "at least one decimal": (["1.0", "2.25"], NumberLook("", ".", 1, 2), [1, 2.25]),
    "float text": (["0.1", "0.30000000000000004"], NumberLook("", ".", 1, 17), [0.1, 0.1 + 0.2]),
    "decimal comma": (["1,5", "1002,25"], NumberLook("", ",", 1, 2), [1.5, 1002.25]),
    "comma below one": (["0,125", "1,500"], NumberLook(".", ",", 3, 3), [0.125, 1.5]),
    "comma groups": (
        ["1,200.50", "7.00", "-1,234,567.25"], NumberLook(",", ".", 2, 2), [1200.5, 7, -1234567.25],
    ),
    "whole groups": (["1,200", "12", "999"], NumberLook(","), [1200, 12, 999]),
    "point groups": (["1.200,50", "7,00"], NumberLook(".", ",", 2, 2), [1200.5, 7]),
    "space groups": (["1 200,5", "7,0"], NumberLook(" ", ",", 1, 1), [1200.5, 7]),
    "quote groups": (["1'200.50", "7.00"], NumberLook("'", ".", 2, 2), [1200.5, 7]),
    "narrow groups": (["1\u00a0200,50 €", "7,00 €"], NumberLook("\u00a0", ",", 2, 2, "", " €"), [1200.5, 7]),
    "dollars": (["$1,200.50", "$-7.00"], NumberLook(",", ".", 2, 2, "$"), [1200.5, -7]),
    "pounds": (["£ 5", "£ 6"], NumberLook(prefix="£ "), [5, 6]),
    "euros": (["5,50 €", "6,00 €"], NumberLook(".", ",", 2, 2, "", " €"), [5.5, 6]),
    "percent": (["5%", "12.5%"], NumberLook("", ".", 0, 1, "", "%"), [5, 12.5]),
    "unit": (["5 kg", "61 kg"], NumberLook(suffix=" kg"), [5, 61]),
    "exponents": (
        ["1e-05", "0.5", "7.0", "1.25e+16"], NumberLook("", ".", 1, 2, exponent=True),
        [1e-5, 0.5, 7, 1.25e16],
    ),
    "capital exponents": (
        ["1E+05", "2.5E-07", "-3E+12"],
        NumberLook("", ".", 0, 1, exponent=True, exponent_mark="E+00", exponent_where="always"),
        [1e5, 2.5e-7, -3e12],
    ),
    "spreadsheet exponents": (
        ["1.50E+05", "0.00E+00", "-3.00E+112"],
        NumberLook("", ".", 2, 2, exponent=True, exponent_mark="E+00", exponent_where="always"),
        [1.5e5, 0, -3e112],
    ),
    "wide exponents": (
        ["1,5e+005", "7,0e-012"],
        NumberLook(".", ",", 1, 1, exponent=True, exponent_mark="e+000", exponent_where="always"),
        [1.5e5, 7e-12],
    ),
    "bare exponents": (
        ["1e5", "2e-12", "3"],
        NumberLook(exponent=True, exponent_mark="e0", exponent_where="shorter"), [1e5, 2e-12, 3],
    ),
    "exponents where shorter": (
        ["1e+05", "123456", "1e-04", "0.5", "0"],
        NumberLook("", ".", 0, 1, exponent=True, exponent_where="shorter"), [1e5, 123456, 1e-4, 0.5, 0],
    ),
    "far capital exponents": (
        ["1E-05", "0.5", "100000.0"],
        NumberLook("", ".", 1, 1, exponent=True, exponent_mark="E+00"), [1e-5, 0.5, 1e5],
    ),
    "no leading zero": ([".5", "-.25", "12", "0"], NumberLook("", ".", 0, 2, leading_zero=False),
                        [0.5, -0.25, 12, 0]),
    "no leading zero in groups": (
        ["1,234.50", "-.75", ".00"], NumberLook(",", ".", 2, 2, leading_zero=False), [1234.5, -0.75, 0],
    ),
    "no leading zero, comma": ([",50 €", "7,25 €"], NumberLook(".", ",", 2, 2, suffix=" €",
                               leading_zero=False), [0.5, 7.25]),
    "minus before dollars": (
        ["$1,200.50", "-$7.00"], NumberLook(",", ".", 2, 2, "$", sign_first=True), [1200.5, -7],
    ),
    "minus before pounds": (["-£ 5", "£ 6"], NumberLook(prefix="£ ", sign_first=True), [-5, 6]),
    "fifteen digits": (["123456789012345", "-9"], NumberLook(), [123456789012345, -9]),
}  # fmt: skip


@pytest.mark.parametrize(("texts", "look", "values"), NUMBERS.values(), ids=NUMBERS)
def test_number_look_is_found_parsed_and_written(texts, look, values):
    assert detect_number_look(texts) == look
    parsed = parse_numbers(pd.Series(texts), look)
    assert parsed.tolist() == values
    assert format_numbers(parsed, look).tolist() == texts


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["1", "x"], "'x' is not a number"),
        (["1", ""], "'' is not a number"),
        (["1-2"], "'1-2' is not a number"),
        (["1", "١٢"], "'١٢' is not a number"),
        (["12", "007"], "'007' has a leading zero"),
        (["00.5"], "'00.5' has a leading zero"),
        (["1234567890123456"], "'1234567890123456' has more than 15 digits"),
        (["$1", "€2"], r"units differ: \['', '\$', '€'\]"),
        (["$1", "2"], "units differ"),
        (["1 kg", "1 lb"], "units differ"),
        (["5%", "5"], "units differ"),
        (["-$1", "$-2"], r"the minus stands on both sides of '\$'"),
        (["-$-1"], r"'-\$-1' is not a number"),
        (["--1"], "'--1' is not a number"),
        (["1,200.5", "1.200,5"], "thousands and decimal marks are not used in one way"),
        (["1,20,300"], "thousands and decimal marks"),
        (["1200,300.5"], "thousands and decimal marks"),
        (["192.168.1.12", "10.0.0.1"], "thousands and decimal marks"),
    ],
    ids=lambda case: case if isinstance(case, str) else " ".join(case),
)
def test_what_is_no_number_is_rejected_with_the_reason(texts, reason):
    with pytest.raises(ColumnRejected, match=f"^{reason}"):
        detect_number_look(texts)


def test_texts_that_are_no_number_become_nan():
    texts = pd.Series(["$1,000.5", "", None, "?", "$inf", "$2.0"], dtype="str")
    parsed = parse_numbers(texts, NumberLook(",", ".", 1, 1, "$"))
    np.testing.assert_array_equal(parsed, [1000.5, np.nan, np.nan, np.nan, np.nan, 2])


@pytest.mark.parametrize(
    ("value", "look", "text"),
    [
        (-0.0, NumberLook("", ".", 1, 1), "0.0"),
        (0.125, NumberLook("", ".", 0, 2), "0.12"),
        (1.999, NumberLook("", ".", 0, 2), "2"),
        (1e22, NumberLook(",", "."), "10,000,000,000,000,000,000,000"),
        (0.1 + 0.2, NumberLook("", ".", 1, 18), "0.30000000000000004"),
        (0.0001, NumberLook("", ".", 0, 4, exponent=True), "0.0001"),
        (0.0, NumberLook("", ".", 0, 4, exponent=True), "0"),
        (1234567.0, NumberLook("", ".", 0, 2, exponent=True, exponent_where="always"), "1.23e+06"),
        (1999.0, NumberLook("", ".", 1, 2, exponent=True, exponent_where="always"), "2.0e+03"),
        (-0.004, NumberLook("", ".", 2, 2, leading_zero=False), "-.00"),
    ],
)
def test_numbers_are_rounded_to_the_look(value, look, text):
    assert format_numbers(np.array([value]), look).tolist() == [text]


LOOKS = st.builds(
    lambda marks, places, prefix, suffix: NumberLook(*marks, *sorted(places), prefix, suffix),
    st.sampled_from(MARKS),
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    st.sampled_from(["", "$", "€ "]),
    st.sampled_from(["", "%", " €", "kg"]),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(look=LOOKS, ticks=st.lists(st.integers(-(10**10), 10**10), min_size=1, max_size=8))
def test_written_numbers_are_read_and_written_alike(look, ticks):
    values = np.array(ticks) / 10**look.most
    texts = format_numbers(values, look)
    np.testing.assert_array_equal(parse_numbers(pd.Series(texts), look), values)
    found = detect_number_look(list(texts))
    assert (found.prefix, found.suffix) == (look.prefix, look.suffix)
    assert format_numbers(parse_numbers(pd.Series(texts), found), found).tolist() == list(texts)


@settings(max_examples=200, deadline=None, derandomize=True)
@example(values=[5.960464477539063e-08])  # half-way between two decimals
@given(values=st.lists(st.floats(-1e15, 1e15).map(lambda value: value + 0.0), min_size=1, max_size=8))
def test_floats_that_python_wrote_come_back_alike(values):
    texts = [repr(value) for value in values]
    look = detect_number_look(texts)
    parsed = parse_numbers(pd.Series(texts), look)
    assert parsed.tolist() == values
    assert format_numbers(parsed, look).tolist() == texts


# dates of which no two parts could be mistaken for one another, and of which they could
CLEAR = pd.to_datetime(["2024-02-29 13:14:15.123456", "1999-12-31 23:59:59.000001"])
EARLY = pd.to_datetime(["2001-02-03 04:05:06.000007", "2011-10-09 08:07:06.05"])


@pytest.mark.parametrize("date_format", DATE_FORMATS)
def test_each_date_format_is_found_parsed_and_written(date_format):
    texts = format_dates(CLEAR.to_series(), date_format).tolist()
    assert detect_date_format(texts) == date_format
    moments = parse_dates(pd.Series(texts), date_format)
    assert format_dates(moments, date_format).tolist() == texts
    assert [moment.date() for moment in moments] == [moment.date() for moment in CLEAR]


@pytest.mark.parametrize("date_format", [f for f in DATE_FORMATS if "%d" in f and "%m" in f])
def test_day_comes_first_where_either_may(date_format):
    texts = format_dates(EARLY.to_series(), date_format).tolist()
    day_first = date_format.replace("%m/%d/%Y", "%d/%m/%Y").replace("%m-%d-%Y", "%d-%m-%Y")
    assert detect_date_format(texts) == day_first
    assert format_dates(parse_dates(pd.Series(texts), day_first), day_first).tolist() == texts


@pytest.mark.parametrize(
    ("texts", "date_format"),
    [
        (["31/12/2024", "01/02/2025"], "%d/%m/%Y"),
        (["12/31/2024", "01/02/2025"], "%m/%d/%Y"),
        (["01/02/2025", "12/31/2024"], "%m/%d/%Y"),
        (["2261-12-31", "1700-01-01"], "%Y-%m-%d"),
    ],
    ids=["day first", "month first", "month first told by the last", "far"],
)
def test_one_clear_date_decides_for_all(texts, date_format):
    assert detect_date_format(texts) == date_format


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ([], "too short for a date"),
        (["2024"], "too short for a date"),
        (["2024-01-01", "2024-1-2"], "'2024-01-01' is not a date in one of the known formats"),
        (["2024-02-30"], "'2024-02-30' is not a date"),
        (["31/12/2024", "12/31/2024"], "'31/12/2024' is not a date"),
        (["2024-01-01", "2024-01-01 10:00:00"], "'2024-01-01' is not a date"),
        (["2024-01-01 10:00:00.1234"], "'2024-01-01 10:00:00.1234' is not a date"),
        (["2024-01-01 10:00:00.123", "2024-01-01 10:00:00"], "'2024-01-01 10:00:00.123' is not a date"),
        (["99999999"], "'99999999' is not a date"),
        (["some text here"], "'some text here' is not a date"),
    ],
)
def test_what_is_no_date_is_rejected_with_the_reason(texts, reason):
    with pytest.raises(ColumnRejected, match=f"^{reason}"):
        detect_date_format(texts)


@pytest.mark.parametrize(
    ("texts", "date_format"),
    [
        (["2024-01-31T12:30:00.123", "2024-02-01T00:00:00.000"], "%Y-%m-%dT%H:%M:%S.%3f"),
        (["2024-01-31T12:30:00.123Z", "1969-12-31T23:59:59.999Z"], "%Y-%m-%dT%H:%M:%S.%3fZ"),
        (["2024-01-31 12:30:00.123", "2024-01-31 12:30:00.050"], "%Y-%m-%d %H:%M:%S.%3f"),
        (["2024-01-31T12:30:00.123456Z"], "%Y-%m-%dT%H:%M:%S.%fZ"),
    ],
    ids=["T", "T and Z", "space", "six digits and Z"],
)
def test_fractions_of_a_second_keep_their_digits(texts, date_format):
    assert detect_date_format(texts) == date_format
    moments = parse_dates(pd.Series(texts), date_format)
    assert moments.tolist() == [pd.Timestamp(text.removesuffix("Z")) for text in texts]
    assert format_dates(moments, date_format).tolist() == texts


def test_a_minus_is_read_on_either_side_of_the_prefix():
    for sign_first in (False, True):
        look = NumberLook(prefix="$", sign_first=sign_first)
        assert parse_numbers(pd.Series(["-$5", "$-5", "$5"]), look).tolist() == [-5, -5, 5]


def test_texts_that_are_no_date_become_missing():
    moments = parse_dates(pd.Series(["2024-02-29", "2023-02-29", "", None, "29/02/2024"]), "%Y-%m-%d")
    assert moments.dtype == "datetime64[s]"
    assert moments.notna().tolist() == [True, False, False, False, False]
    assert parse_date("2023-02-29", "%Y-%m-%d") is None
    assert parse_date("2024-02-29", "%Y-%m-%d") == pd.Timestamp("2024-02-29")


@pytest.mark.parametrize("date_format", ["%-d/%-m/%Y", "%-m/%-d/%Y", "%-d.%-m.%Y %-H:%M"])
def test_dates_without_leading_zeros_come_back(date_format):
    moments = pd.Series(pd.date_range("2023-12-28 09:05", periods=40, freq="25h")).astype("datetime64[s]")
    if "%-H" not in date_format:
        moments = moments.dt.normalize()
    texts = format_dates(moments, date_format)
    assert not texts.str.contains(r"\b0\d[/.]").any()
    assert detect_date_format(texts.tolist()) == date_format
    assert parse_dates(texts, date_format).tolist() == moments.tolist()
