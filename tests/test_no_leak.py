"""Planted names and extremes are nowhere to be found once values are protected."""

import io
import logging
import re
import zipfile

import h5py
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from tabgen import TabularGAN, infer_schema
from tabgen.cleaning import clean
from tabgen.contents import describe_contents
from tabgen.encoding import fit_encoder
from tabgen.errors import TabgenError
from tabgen.modelfile import FittedParts, load_parts, save_parts
from tabgen.protection import ProtectionLog
from tabgen.report import write_report

ROWS = 1_500
STRINGS, NUMBERS = 1_000, 100


@pytest.fixture(scope="module")
def planted():
    """Return a table, the strings planted in it, and the extreme numbers."""
    rng = np.random.default_rng(5)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    names = iter("".join(word).capitalize() for word in letters[rng.integers(0, 26, (STRINGS, 14))])
    strings = []

    def plant(values, rows, pattern="{}"):
        values = np.array(values, dtype=object)
        for row in rows:
            strings.append(next(names))
            values[row] = pattern.format(strings[-1])
        return values

    seconds = rng.integers(0, 10**8, ROWS) * np.timedelta64(1, "s")
    pairs = plant([None] * ROWS, range(0, 400, 2))
    pairs[1:400:2] = pairs[0:400:2]  # each of 200 codes in two rows, and no other
    amount = rng.lognormal(8, 0.4, ROWS).round(2)
    units = rng.poisson(40, ROWS)
    account = rng.choice(9_000_000, ROWS, replace=False) + 1_000_000
    moments = np.datetime64("2020-01-01", "s") + seconds
    stay = rng.integers(1, 900, ROWS) * np.timedelta64(1, "s")
    extremes = rng.choice(np.arange(10_000_001, 99_999_999), NUMBERS, replace=False)
    amount[:40] = extremes[:40] * np.where(np.arange(40) % 2, 1.01, -1.01).round(2)
    amount[:40] = amount[:40].round(2)
    units[:30] = extremes[40:70]
    account[-10:] = extremes[70:80] * 1000
    moments[:10] = np.datetime64("1850-01-01", "s") + extremes[80:90] * np.timedelta64(1, "s")
    stay[:10] = extremes[90:] * np.timedelta64(1, "s")
    towns = rng.choice(["Rome", "Oslo", "Bern"], ROWS)
    frame = pd.DataFrame(
        {
            "town": pd.Series(plant(towns, range(250)), dtype="str"),
            "ward": pd.Categorical(plant(rng.choice(["A", "B"], ROWS), range(300, 500))),
            "note": pd.Series(
                plant([f"seen on day {k}, well" for k in range(ROWS)], range(250), "{} was seen"), dtype="str"
            ),
            "code": pd.Series(pairs, dtype="str"),
            "once": pd.Series(plant([None] * ROWS, [7]), dtype="str"),
            "size": pd.Series(plant([f"{k % 37}.5" for k in range(ROWS)], [9]), dtype="str"),
            "mail": pd.Series(
                plant([f"u{k}@x.org" for k in range(ROWS)], range(98), "{}@x.org"), dtype="str"
            ),
            "amount": amount,
            "units": units,
            "account": account,
            "since": moments,
            "stay": stay,
        }
    )
    numbers = np.r_[
        amount[:40], units[:30], account[-10:], moments[:10].astype(np.int64), stay[:10].astype(np.int64)
    ]
    assert (len(set(strings)), len(np.unique(numbers))) == (STRINGS, NUMBERS)
    return frame, strings, numbers.astype(np.float64)


@pytest.fixture(scope="module")
def gan(planted):
    return TabularGAN(model="vae", epochs=1, protection="strict", random_state=0, verbose=True)


def found(data, strings, numbers):
    """Return which strings and numbers stand in bytes, as text or as binary numbers of 8 bytes."""
    narrow = data.replace(b"\0", b"")  # UTF-16 and UTF-32 to UTF-8
    words = {word.decode() for part in (data, narrow) for word in re.findall(rb"(?=([A-Z][a-z]{13}))", part)}
    hits = [string for string in strings if string in words]
    numbers = np.asarray(numbers, dtype=np.float64)
    whole = numbers[numbers == np.round(numbers)].astype(np.int64)
    views = [data[k : k + (len(data) - k) // 8 * 8] for k in range(8)]
    kinds = {"<f8": numbers, ">f8": numbers, "<i8": whole, ">i8": whole}
    binary = [np.intersect1d(np.frombuffer(v, kind), own) for v in views for kind, own in kinds.items()]
    hits += [number for part in binary for number in part]
    spelled = set(re.findall(rb"[0-9]+(?:\.[0-9]+)?", data))
    return hits + [n for n in numbers if {f"{abs(n):{f}}".encode() for f in (".2f", ".1f", ".0f")} & spelled]


def members(data):
    """Yield the files of an archive and those of archives in it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            inner = archive.read(name)
            if zipfile.is_zipfile(io.BytesIO(inner)):
                yield from members(inner)
            yield inner


def arrays(data):
    """Return all numbers in the weights of a network."""
    values = []
    with h5py.File(io.BytesIO(data)) as file:
        file.visititems(lambda _, item: values.append(np.ravel(item[()])) if hasattr(item, "shape") else None)
    return np.concatenate([v for v in values if v.dtype.kind in "fiu"])


def cells(table):
    return "\n".join(table.astype(object).map(str).to_numpy().ravel()).encode()


@pytest.mark.slow
def test_nothing_planted_is_in_what_a_model_gives_away(planted, gan, tmp_path, capfd, caplog, monkeypatch):
    frame, strings, numbers = planted
    caplog.set_level(logging.INFO)
    gan.fit(frame)
    gan.save(tmp_path / "model.tabgen")
    data = (tmp_path / "model.tabgen").read_bytes()
    files = list(members(data))
    assert [found(file, strings, numbers) for file in files] == [[]] * len(files)
    weights = [arrays(file) for file in files if file[:4] == b"\x89HDF"]
    assert len(weights) == 1
    assert not np.isin(weights[0], numbers.astype(np.float32)).any()

    drawn = [gan.sample(2_000, seed=0), gan.sample(200, where={"town": "Rome"}, seed=1)]
    drawn.append(gan.sample(200, rebalance="town", real=frame, seed=2))
    for table in drawn:
        assert found(cells(table), strings, []) == []
        for name in ("amount", "units", "account", "since", "stay"):
            values = table[name].to_numpy()
            assert not np.isin(values.astype(np.int64 if values.dtype.kind in "mM" else float), numbers).any()

    texts = [gan.summary(), repr(gan), repr(gan.schema_), gan.history_.to_csv(), repr(gan.protection_)]
    texts.append(describe_contents(load_parts(tmp_path / "model.tabgen", network=False), full=True))
    for asked in (
        {"where": {"town": "Nowhere"}},
        {"where": {"amount": pd.Interval(1e11, 1e12)}},
        {"where": "units > 1000000000"},
        {"where": {"since": pd.Interval(pd.Timestamp("1700"), pd.Timestamp("1701"))}},
        {"rebalance": {"ward": {"Z": 1.0}}},
        {"where": pd.DataFrame({"town": ["Nowhere"] * 10})},
    ):
        with pytest.raises(TabgenError) as error:
            gan.sample(10, **asked)
        texts.append(str(error.value))

    shown = []
    draw = Figure.draw

    def noted(figure, renderer):
        draw(figure, renderer)
        shown.extend(text.get_text() for text in figure.findobj(Text))

    monkeypatch.setattr(Figure, "draw", noted)
    write_report(frame, drawn[0], tmp_path / "report.html", history=gan.history_)
    texts += [(tmp_path / "report.html").read_text(), *shown]
    texts += [caplog.text, *capfd.readouterr()]
    assert len(shown) > 50
    assert [found(text.encode(), strings, numbers) for text in texts] == [[]] * len(texts)


def test_without_protection_they_are_found(planted, tmp_path):
    frame, strings, numbers = planted
    bare = frame[["town", "units"]]
    schema = infer_schema(bare)
    encoder = fit_encoder(clean(bare, schema))
    parts = FittedParts(
        TabularGAN().get_params(), schema, (), encoder, {}, None, pd.DataFrame(), None, ProtectionLog()
    )  # fmt: skip
    save_parts(parts, tmp_path / "model.tabgen")
    hits = found(b"".join(members((tmp_path / "model.tabgen").read_bytes())), strings, numbers)
    assert set(hits) & set(strings) == set(bare["town"]) & set(strings)
    assert set(hits) & set(numbers)
