"""Tables in chunks: what is kept of them, which rules hold, and tables that are drawn block after block."""

import gzip
import itertools
import sqlite3

import numpy as np
import pandas as pd
import pytest

from tabgen import SQLQuery, TabularGAN
from tabgen import chunks as chunks_file
from tabgen.chunks import chunks_of
from tabgen.cleaning import clean
from tabgen.errors import SchemaError, TableError
from tabgen.gathering import Gathered, Reservoir, gather_table, highest_hash
from tabgen.identifiers import Counting, RandomNumbers, RandomUUIDs, TextPattern, fit_identifiers
from tabgen.inference import infer_schema
from tabgen.private_fit import fit_privately
from tabgen.relations import Determined, Ordered, Predicate, Total, Unique, rules_of
from tabgen.streaming import BLOCK_ROWS, draw_block, plan_blocks
from tabgen.taken import Taken
from tabgen.writers import write_frames


def table(rows, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "amount": np.round(rng.gamma(2, 50, rows), 2),
            "city": rng.choice(["Oslo", "Bern", "Rome"], rows, p=[0.6, 0.3, 0.1]),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, rows), "D"),
            "age": pd.array(rng.integers(18, 90, rows), dtype="Int64"),
        }
    )


def cut(frame, *sizes):
    ends = [*itertools.accumulate(sizes), len(frame)]
    return [frame[a:b] for a, b in itertools.pairwise([0, *ends])]


def test_a_part_does_not_depend_on_how_the_table_is_cut():
    whole = table(5_000)
    parts = [gather_table(cut(whole, *sizes), most_cells=4_000) for sizes in ([], [1], [700, 1, 2_000])]
    for part in parts:
        assert part.rows == 5_000
        assert part.partial
        pd.testing.assert_frame_equal(part.frame, parts[0].frame)


def test_a_part_is_an_even_sample_with_the_dtypes_and_order_of_the_table():
    whole = table(40_000).assign(number=np.arange(40_000.0) + 0.5)
    part = gather_table(cut(whole, 9_000, 20_000), most_cells=20_000).frame
    assert part.dtypes.equals(whole.dtypes)
    assert part["number"].is_monotonic_increasing
    assert len(part) < 4_400  # and the first rows of some levels
    assert abs(np.corrcoef(part["number"], np.arange(len(part)))[0, 1] - 1) < 1e-3
    assert abs(part["amount"].mean() - whole["amount"].mean()) < 4 * whole["amount"].std() / 60


def test_a_level_of_one_row_in_many_is_in_the_part():
    whole = table(30_000)
    whole.loc[17_123, "city"] = "Ulm"
    part = gather_table(cut(whole, 10_000, 15_000), most_cells=1_000)
    assert (part.frame["city"] == "Ulm").sum() == 1
    assert set(part.frame["age"]) == set(whole["age"])


@pytest.mark.parametrize("sizes", [[], [1], [0, 700, 0, 2_000], [100] * 30])
@pytest.mark.parametrize("cells", [4, 4_000, 16_000, 10**6])
def test_samples_of_parts_join_to_the_sample_of_all(sizes, cells):
    whole = table(5_000)
    whole["number"] = np.arange(5_000) + 0.5
    highest = highest_hash(5_000, max(cells // 5, 1))
    parts, start = [], 0
    for chunk in cut(whole, *sizes):
        parts.append(Reservoir(cells, start, highest))
        parts[-1].add(chunk)
        start += len(chunk)
    pairs = [Reservoir.joined(parts[k : k + 2]) for k in range(0, len(parts), 2)]
    joined = Reservoir.joined(pairs)
    assert joined.rows == 5_000
    pd.testing.assert_frame_equal(joined.frame(), gather_table([whole], most_cells=cells).frame)


def test_samples_of_parts_join_only_if_they_have_the_same_columns():
    parts = [Reservoir(9), Reservoir(9, start=1)]
    for part, name in zip(parts, "ab", strict=True):
        part.add(pd.DataFrame({name: [1]}))
    with pytest.raises(TableError, match="All chunks need the same columns"):
        Reservoir.joined(parts)


def test_categories_of_all_chunks_are_kept():
    chunks = [pd.DataFrame({"a": pd.Categorical(list(letters) * 40)}) for letters in ("xy", "yz")]
    frame = gather_table(chunks).frame
    assert list(frame["a"].cat.categories) == ["x", "y", "z"]
    ordered = [chunk.assign(a=chunk["a"].cat.as_ordered()) for chunk in chunks]
    with pytest.raises(TableError, match="Column 'a' has other categories in each chunk"):
        gather_table(ordered)


def test_few_rows_are_all_kept_and_not_read_again():
    part = gather_table(cut(table(100), 30))
    assert (part.rows, part.partial, part.again) == (100, False, None)
    pd.testing.assert_frame_equal(part.frame, table(100))


def test_what_can_be_gone_through_only_once_is_not_read_again():
    assert gather_table(iter(cut(table(900), 300)), most_cells=400).again is None
    assert gather_table(cut(table(900), 300), most_cells=400).again is not None


def test_values_that_cannot_be_told_apart_are_left_to_the_schema():
    kept = Reservoir(100)
    kept.add(pd.DataFrame({"a": [[1], [2]]}))
    assert len(kept.frame()) == 2


@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".csv", ".csv.gz", ".tsv"])
def test_a_folder_is_read_file_after_file(tmp_path, suffix):
    whole = table(300)
    for number, part in enumerate(cut(whole, 100, 150)):
        write_frames([part], tmp_path / f"part-{number}{suffix}")
    (tmp_path / "_SUCCESS").touch()
    gathered = gather_table(tmp_path)
    assert gathered.rows == 300
    if suffix in (".parquet", ".feather"):
        pd.testing.assert_frame_equal(gathered.frame, whole)
    else:
        assert gathered.frame["amount"].astype(float).tolist() == whole["amount"].tolist()
        assert gathered.dialect.delimiter == ("\t" if suffix == ".tsv" else ",")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_large_file_of_text_is_read_in_chunks_as_at_once(tmp_path, monkeypatch, encoding):
    lines = ["name,n", *(f'"Ann, {k}",{k:03d}' for k in range(5_000)), "Zoë,999"]
    (tmp_path / "a.csv").write_bytes("\n".join(lines).encode(encoding))
    at_once = gather_table(tmp_path / "a.csv")
    monkeypatch.setattr(chunks_file, "LARGE_FILE", 100)
    monkeypatch.setattr(chunks_file, "CHUNK_ROWS", 700)
    in_chunks = gather_table(tmp_path / "a.csv")
    pd.testing.assert_frame_equal(in_chunks.frame, at_once.frame)
    assert in_chunks.dialect == at_once.dialect
    assert len(list(chunks_of(tmp_path / "a.csv").read())) == 8


def test_a_large_parquet_file_is_read_in_chunks(tmp_path, monkeypatch):
    table(900).to_parquet(tmp_path / "a.parquet")
    assert chunks_of(tmp_path / "a.parquet") is None
    monkeypatch.setattr(chunks_file, "MANY_CELLS", 3_000)
    monkeypatch.setattr(chunks_file, "CHUNK_ROWS", 400)
    frames = list(chunks_of(tmp_path / "a.parquet").read())
    pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), table(900))


def written(**texts):
    """Return what puts files of these contents into a folder; two underscores in a name are a dot."""

    def make(folder):
        for name, text in texts.items():
            path = folder / ".".join(name.split("__"))
            path.write_bytes(text if isinstance(text, bytes) else text.encode())

    return make


FAULTS = {
    "empty folder": (written(), "holds no files"),
    "two formats": (written(a__csv="a\n1\n", a__tsv="a\n1\n"), "several"),
    "unknown format": (written(a__doc=""), "has no known format"),
    "empty text": (written(a__csv=""), "is empty"),
    "damaged gzip": (written(a__csv__gz=b"\x1f\x8b\x08rest"), "Cannot read"),
    "cut gzip": (written(a__csv__gz=gzip.compress(b"a\n1\n" * 99)[:-9]), "Cannot read"),
    "damaged parquet": (written(a__parquet="PAR1"), "damaged or not a .parquet"),
    "other columns": (written(a__csv="a\n1\n", b__csv="b\n1\n"), "All chunks need the same"),
    "name twice": (written(a__csv="a,a\n1,2\n"), "Two columns are named 'a'"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_folder_that_cannot_be_read_is_refused(tmp_path, fault):
    make, words = FAULTS[fault]
    make(tmp_path)
    with pytest.raises(TableError, match=words):
        gather_table(tmp_path)


@pytest.mark.parametrize(
    ("source", "words"),
    [(3, "The table is of type int"), ([], "without a chunk"), ([{"a": 1}], "an iterable of dict")],
)
def test_what_is_no_table_is_refused(source, words):
    with pytest.raises(TableError, match=words):
        gather_table(source)


def test_a_database_answers_twice(tmp_path):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        table(500).to_sql("orders", shop, index=False)
    part = gather_table(SQLQuery(url, "select amount, city from orders", rows=120), most_cells=200)
    assert part.rows == 500
    assert [len(chunk) for chunk in part.again()] == [120, 120, 120, 120, 20]
    for bad in (SQLQuery(url, "select * from nothing"), SQLQuery("nodatabase://x", "select 1")):
        with pytest.raises(TableError, match="The database does not answer: "):
            gather_table(bad)


def looked(frame, schema):
    return frame, clean(frame, schema, lenient=True)


def rules_in(frame, rest, asked="auto"):
    schema = infer_schema(frame)
    part = Gathered(frame, None, len(frame) + sum(map(len, rest)), lambda: rest)
    return rules_of(asked, looked(frame, schema), part.second_look(schema))


def ruled(rows, seed=0):
    rng = np.random.default_rng(seed)
    low, gap = rng.integers(0, 50, rows), rng.integers(0, 50, rows)
    city = rng.integers(0, 9, rows)
    return pd.DataFrame(
        {"low": low, "gap": gap, "high": low + gap, "city": city.astype(str), "land": (city // 3).astype(str)}
    )


def test_rules_that_a_part_shows_are_kept_if_all_rows_do():
    frame, rest = ruled(400), [ruled(400, 1), ruled(400, 2)]
    kinds = {type(rule) for rule in rules_in(frame, rest)}
    assert {Total, Determined} <= kinds
    spoilt = rest[1].copy()
    spoilt.loc[7, "land"] = "2" if spoilt.loc[7, "land"] != "2" else "0"
    kinds = {type(rule) for rule in rules_in(frame, [rest[0], spoilt])}
    assert Determined not in kinds
    assert Total in kinds
    spoilt.loc[9, "high"] += 1
    assert Total not in {type(rule) for rule in rules_in(frame, [rest[0], spoilt])}


@pytest.mark.parametrize(
    "rule", [Ordered("low", "high"), Predicate(lambda frame: frame["low"] < 999, "low is small")]
)
def test_a_rule_of_the_users_must_hold_in_all_rows(rule):
    spoilt = ruled(50, 1).assign(low=999)
    assert len(rules_in(ruled(50), [ruled(50, 2)], [rule])) == 1
    with pytest.raises(SchemaError, match="low"):
        rules_in(ruled(50), [ruled(50, 2), spoilt], [rule])


def test_that_no_two_rows_are_alike_is_not_found_in_a_part():
    frame = pd.DataFrame({"a": np.repeat(np.arange(40), 20), "b": np.tile(np.arange(20), 40)})
    schema = infer_schema(frame)
    assert any(isinstance(rule, Unique) for rule in rules_of("auto", looked(frame, schema), None))
    assert not any(isinstance(rule, Unique) for rule in rules_in(frame, [frame]))


def test_a_part_teaches_a_model(monkeypatch):
    whole = table(3_000)
    whole.loc[2_500, "city"] = "Ulm"
    monkeypatch.setattr("tabgen.gathering.MANY_CELLS", 1_600)
    monkeypatch.setattr("tabgen.synthesizer.gather_table", lambda t: gather_table(t, most_cells=1_600))
    gan = TabularGAN(epochs=1, protection=None, random_state=0).fit(cut(whole, 1_000, 1_500))
    assert "Ulm" in next(c for c in gan.schema_.columns if c.name == "city").levels
    assert gan.sample(50, seed=0).dtypes.equals(whole.dtypes)


def test_a_private_fit_takes_no_part():
    part = gather_table(cut(table(900), 300), most_cells=400)
    with pytest.raises(ValueError, match="more than a private fit takes from files or chunks"):
        fit_privately({"privacy": None}, part)


KEYS = pd.DataFrame(
    {
        "id": np.arange(100, 700),
        "number": np.random.default_rng(0).permutation(6_000)[:600],
        "code": [f"AB-{k:02d}-{k * 7 % 97:02d}" for k in range(600)],
        "mail": [f"{'abcdefghij'[k % 10]}{k}@x.org" for k in range(600)],
        "kind": ["a", "b", "c"] * 200,
    }
)


@pytest.fixture(scope="module")
def keyed():
    return TabularGAN(epochs=1, random_state=0).fit(KEYS)


def test_keys_differ_over_all_blocks(keyed, monkeypatch):
    kinds = {type(generator) for generator in keyed.identifiers_.values()}
    assert {Counting, RandomNumbers, TextPattern} <= kinds
    monkeypatch.setattr("tabgen.streaming.BLOCK_ROWS", 300)
    chunks = list(keyed.sample_chunks(2_000, seed=3))
    assert [len(chunk) for chunk in chunks] == [300] * 6 + [200]
    whole = pd.concat(chunks)
    assert whole.index.equals(pd.RangeIndex(2_000))
    assert whole["id"].tolist() == list(range(700, 2_700))
    for name in ("number", "code", "mail"):
        assert whole[name].is_unique, name
    again = pd.concat(keyed.sample_chunks(2_000, seed=3))
    pd.testing.assert_frame_equal(whole, again)


def test_blocks_may_be_drawn_in_any_order(keyed, monkeypatch):
    monkeypatch.setattr("tabgen.streaming.BLOCK_ROWS", 100)
    whole = pd.concat(keyed.sample_chunks(400, seed=5), ignore_index=True)
    blocks = list(plan_blocks(keyed._parts(), 400, 5))
    drawn = {number: draw_block(keyed._parts(), blocks[number]) for number in (3, 0, 2, 1)}
    pd.testing.assert_frame_equal(pd.concat([drawn[k] for k in range(4)], ignore_index=True), whole)


def test_a_block_that_is_drawn_twice_is_the_same(keyed):
    (block,) = plan_blocks(keyed._parts(), 50, 5)
    pd.testing.assert_frame_equal(draw_block(keyed._parts(), block), draw_block(keyed._parts(), block))


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.tsv", "out.parquet", "out.feather"])
def test_a_file_holds_the_rows_of_all_blocks(keyed, monkeypatch, tmp_path, name):
    monkeypatch.setattr("tabgen.streaming.BLOCK_ROWS", 120)
    first = keyed.sample(500, seed=1, to=tmp_path / name)
    whole = pd.concat(keyed.sample_chunks(500, seed=1), ignore_index=True)
    pd.testing.assert_frame_equal(first, whole.head())
    reader = {"parquet": pd.read_parquet, "feather": pd.read_feather}.get(
        name.rpartition(".")[2], lambda path: pd.read_csv(path, sep=None, engine="python")
    )
    written = reader(tmp_path / name)
    assert written["code"].tolist() == whole["code"].tolist()
    assert written["number"].tolist() == whole["number"].tolist()
    assert keyed.sample(0, seed=1, to=tmp_path / name).empty


def test_conditions_and_shares_hold_in_every_block(keyed, monkeypatch):
    monkeypatch.setattr("tabgen.streaming.BLOCK_ROWS", 60)
    assert all(
        (chunk["kind"] == "b").all() for chunk in keyed.sample_chunks(150, where="kind == 'b'", seed=0)
    )
    shared = pd.concat(keyed.sample_chunks(180, rebalance="kind", seed=0))
    assert shared["kind"].value_counts().tolist() == [60, 60, 60]


def test_a_table_whose_rows_must_differ_is_drawn_at_once(monkeypatch):
    frame = pd.DataFrame({"a": np.repeat(np.arange(30), 8), "b": np.tile(np.arange(8), 30)})
    monkeypatch.setattr("tabgen.streaming.BLOCK_ROWS", 50)
    gan = TabularGAN(epochs=1, relations=[Unique(("a", "b"))], random_state=0).fit(frame)
    (chunk,) = gan.sample_chunks(150, seed=0)
    assert not chunk.duplicated().any()


def test_a_file_goes_with_no_table_of_conditions(keyed, tmp_path):
    for asked in ({"where": pd.DataFrame({"kind": ["a"]})}, {"stratified": False}):
        with pytest.raises(ValueError, match="to goes with no table of conditions"):
            keyed.sample(1, to=tmp_path / "a.csv", **asked)
    with pytest.raises(ValueError, match="n must be a whole number"):
        keyed.sample_chunks(2.5)


def test_a_block_that_fails_leaves_the_old_file_alone(keyed, tmp_path):
    (tmp_path / "a.csv").write_text("old")

    def chunks():
        yield KEYS
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_frames(chunks(), tmp_path / "a.csv", force=True)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize(
    "generator",
    [
        Counting(5, 2),
        RandomNumbers(0, 40),
        RandomNumbers(0, 9, 0, 255),
        RandomUUIDs(upper=False),
        fit_identifiers(KEYS, infer_schema(KEYS))["code"],
        TextPattern({"a": 1.0}, {"a\x1e0": {"x": 3.0}}, {}, {}, unique=True),
    ],
    ids=["counting", "numbers", "numbers of a byte", "uuids", "texts", "texts that run out"],
)
def test_parts_of_a_key_are_different(generator):
    taken, rng, parts = Taken(200), np.random.default_rng(0), []
    for _ in range(4):
        parts.append(generator.draw(50, rng, taken))
        taken.note(parts[-1])
    assert len(set(np.concatenate(parts))) == 200
    assert len(taken) == 200


def test_blocks_are_of_the_documented_size():
    assert BLOCK_ROWS == 50_000
