"""Hostile delimited files through every step but the training: what comes out looks like what went in."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from tabgen.cleaning import clean, restore
from tabgen.encoding import fit_encoder
from tabgen.identifiers import draw_identifiers, fit_identifiers
from tabgen.inference import infer_schema
from tabgen.profiling import profile
from tabgen.schema import Schema
from tabgen.tables import detect_dialect, read_table
from tabgen.writers import write_frames

ROWS = 120


def gaps(texts, null, rng, share=0.15):
    """Return texts with some of them replaced by a spelling of a missing value."""
    return [null if hole else text for text, hole in zip(texts, rng.random(len(texts)) < share, strict=True)]


def money(rng, sign="-", prefix="", suffix=""):
    cents = rng.integers(-200_000, 900_000, ROWS) / 100
    return [f"{sign if c < 0 else ''}{prefix}{abs(c):,.2f}{suffix}" for c in cents]


def swap_marks(texts):
    return [text.translate(str.maketrans(",.", ".,")) for text in texts]


def moments(rng, pattern):
    drawn = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 10**8, ROWS), "s")
    return list(drawn.strftime(pattern))


def words(rng, *levels):
    return [levels[k] for k in rng.integers(0, len(levels), ROWS)]


def basics(rng, decimal="."):
    """Return columns that every file with a dialect of its own has."""
    return {
        "amount": [f"{x:.2f}".replace(".", decimal) for x in rng.normal(50, 20, ROWS)],
        "count": [str(k) for k in rng.integers(0, 40, ROWS)],
        "city": gaps(words(rng, "Oslo", "Bern, West", "Rome; East", "a|b"), "", rng),
    }


def nulls(rng):
    spellings = {"na": "NA", "n_a": "n/a", "dash": "-", "empty": "", "null": "NULL"}
    columns = {
        name: gaps([f"{x:.1f}" for x in rng.normal(0, 9, ROWS)], null, rng)
        for name, null in spellings.items()
    }
    return columns | {"day": gaps(moments(rng, "%Y-%m-%d"), "NULL", rng)}


def stamps(rng):
    return {
        "iso": moments(rng, "%Y-%m-%d"),
        "zulu": gaps(moments(rng, "%Y-%m-%dT%H:%M:%SZ"), "", rng),
        "millis": [f"{text}.{k:03d}Z" for text, k in zip(
            moments(rng, "%Y-%m-%dT%H:%M:%S"), rng.integers(0, 1000, ROWS), strict=True)],
        "spaced": [f"{text}.{k:03d}" for text, k in zip(
            moments(rng, "%Y-%m-%d %H:%M:%S"), rng.integers(0, 1000, ROWS), strict=True)],
    }  # fmt: skip


def flags(rng):
    return {
        "yes": gaps(words(rng, "yes", "no"), "", rng), "letter": words(rng, "Y", "N"),
        "truth": words(rng, "TRUE", "FALSE"), "score": [str(k) for k in rng.integers(1, 6, ROWS)],
    }  # fmt: skip


def odd_headers(rng):
    names = [" First Name ", "", "a,b", 'say "x"', "größe (m²)", "1"]
    return {name: [f"{x:.1f}" for x in rng.normal(5, 2, ROWS)] for name in names}


def exponents(rng):
    numbers = 10 ** rng.uniform(-8, 12, ROWS)
    return {
        "capital": [f"{x:.0E}" for x in numbers],
        "fixed": [f"{x:.3E}" for x in numbers],
        "python": words(rng, "1e-05", "0.5", "2.25e-07", "100.0", "3e+16"),
        "mixed": [min(f"{x:.0e}", f"{x:.0f}", key=len) for x in 10 ** rng.uniform(3, 9, ROWS)],
    }


def bare_decimals(rng):
    return {
        "share": [f"{x:.2f}".replace("0.", ".", 1) for x in rng.uniform(-0.99, 0.99, ROWS)],
        "size": gaps([f"{x:.1f}".removeprefix("0") for x in rng.uniform(0.1, 5, ROWS)], ".", rng),
    }


# the columns, and how csv.writer, str.encode and the file name are told to write them
FILES = {
    "comma": (basics, {}),
    "semicolon, decimal comma": (lambda rng: basics(rng, ","), {"delimiter": ";"}),
    "tab": (basics, {"delimiter": "\t", "suffix": ".tsv"}),
    "pipe": (basics, {"delimiter": "|", "suffix": ".txt"}),
    "crlf": (basics, {"line_end": "\r\n"}),
    "all quoted": (lambda rng: {"note": words(rng, "a\nb", 'say "no"'), **basics(rng)},
                   {"quoting": csv.QUOTE_ALL}),
    "byte order mark": (basics, {"encoding": "utf-8-sig"}),
    "utf-16": (lambda rng: {"where": words(rng, "Łódź", "東京"), **basics(rng)}, {"encoding": "utf-16"}),
    "cp1252": (lambda rng: {"été": swap_marks(money(rng, suffix=" €")), "café": words(rng, "é", "ü")},
               {"encoding": "cp1252", "delimiter": ";"}),
    "line breaks and quotes": (
        lambda rng: {"note": words(rng, "a\r\nb", 'x "y"', "p\n\nq", ","), **basics(rng)}, {}),
    "thousands": (lambda rng: {"plain": gaps(money(rng), "", rng), "count": words(rng, "1,200", "7")}, {}),
    "dollars": (lambda rng: {"inside": [text.replace("-$", "$-") for text in money(rng, prefix="$")],
                             "before": gaps(money(rng, prefix="$"), "n/a", rng)}, {}),
    "percent and euros": (
        lambda rng: {"rate": [f"{k / 10:.1f}%" for k in rng.integers(0, 999, ROWS)],
                     "price": swap_marks(money(rng, suffix=" €"))}, {}),
    "leading zeros": (
        lambda rng: {"zip": [f"{k:05d}" for k in rng.integers(0, 12, ROWS) * 777], **bare_decimals(rng)}, {}),
    "dates": (
        lambda rng: {"start": moments(rng, "%d/%m/%Y"), "end": gaps(moments(rng, "%-m/%-d/%Y"), "", rng)},
        {}),
    "timestamps": (stamps, {}),
    "flags": (flags, {}),
    "nulls": (nulls, {}),
    "odd headers": (odd_headers, {}),
    "one column": (lambda rng: {"x": gaps([f"{x:.2f}" for x in rng.normal(9, 3, ROWS)], "", rng)},
                   {"blank": True}),
    "exponents": (exponents, {}),
}  # fmt: skip


def write_hostile(
    folder, name, *, delimiter=",", encoding="utf-8", quoting=csv.QUOTE_MINIMAL, line_end="\n",
    suffix=".csv", blank=False,
):  # fmt: skip
    """Write one of the files, and return its path."""
    columns = FILES[name][0](np.random.default_rng(list(FILES).index(name)))
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    path = folder / f"in{suffix}"
    whole = text.getvalue().replace('""', "") if blank else text.getvalue()
    path.write_bytes(whole.encode(encoding))
    return path


def synthesize(frame, seed=0):
    """Return rows drawn without a model: the table's own codes, shuffled column by column."""
    rng = np.random.default_rng(seed)
    schema = Schema.from_json(infer_schema(profile([frame])).to_json())
    tidy = clean(frame, schema)
    encoder, generators = fit_encoder(tidy), fit_identifiers(frame, schema)
    codes = rng.permutation(encoder.encode(tidy))
    return restore(
        encoder.decode(codes, rng), schema, draw_identifiers(generators, len(frame), schema, rng)
    ), schema


def look(column):
    return {
        "kind": column.kind, "number": column.number, "date_format": column.date_format,
        "null": column.null if column.missing else None,
    }  # fmt: skip


def header_bytes(path, dialect):
    line_end = dialect.line_end.encode("utf-16-le" if dialect.encoding == "utf-16" else "ascii")
    return path.read_bytes().partition(line_end)[0]


@pytest.mark.parametrize("name", FILES)
def test_what_comes_out_looks_like_what_went_in(tmp_path, name):
    path = write_hostile(tmp_path, name, **FILES[name][1])
    table = read_table(path)
    assert len(table.frame) == ROWS
    fake, schema = synthesize(table.frame)
    out = path.with_stem("out")
    write_frames([fake], out, table.dialect)
    dialects = [detect_dialect(file.read_bytes(), file.suffix) for file in (path, out)]
    assert dialects[1] == dialects[0] == table.dialect
    assert header_bytes(out, dialects[1]) == header_bytes(path, dialects[0])
    again = read_table(out).frame
    pd.testing.assert_frame_equal(again, fake)
    found = infer_schema(profile([again]))
    assert found.names == schema.names
    assert {c.name: look(c) for c in found.columns} == {c.name: look(c) for c in schema.columns}
