"""Files and streams to frames of text, and frames back to the same bytes, whole or not at all."""

import gzip
import io
import os
import re
import stat

import pandas as pd
import pytest

from tabgen.errors import TableError
from tabgen.tables import (
    Dialect,
    detect_dialect,
    file_format,
    read_table,
)
from tabgen.wholefiles import check_target, write_whole
from tabgen.writers import write_frames

FRAME = pd.DataFrame(
    {"code": ["007", "012", ""], "price": ["1,200.50", "NA", "n/a"], "näme": ["é", 'a "b"', "x\ny"]}
)

FILES = {
    "comma": (".csv", b"a,b\n1,x\n02,y\n", Dialect()),
    "semicolon": (".csv", b"a;b\n1,5;x\n0,2;y\n", Dialect(";")),
    "tab": (".tsv", b"a\tb\n1,5\tx;y\n", Dialect("\t")),
    "tab by suffix": (".tab", b"a\n1,5\n1,6\n", Dialect("\t")),
    "tab in csv": (".csv", b"a\tb\n1,5\tx\n2,5\ty\n", Dialect("\t")),
    "pipe": (".txt", b"a|b|c\n1|x,y|\n02|z|\n", Dialect("|")),
    "one column": (".csv", b"a\n1\n2\n", Dialect()),
    "byte order mark": (".csv", b"\xef\xbb\xbfa,b\n\xc3\xa9,x\n", Dialect(encoding="utf-8-sig")),
    "utf-8": (".csv", "a,b\nżółw,x\n".encode(), Dialect()),
    "cp1252": (".csv", "a,b\né€,x\n".encode("cp1252"), Dialect(encoding="cp1252")),
    "latin-1": (".csv", b"a,b\n\xe9\x81,x\n", Dialect(encoding="latin-1")),
    "crlf": (".csv", b"a,b\r\n1,x\r\n", Dialect(line_end="\r\n")),
    "quoted": (".csv", b'"a","b"\n"1","x ""y"""\n', Dialect(quote_all=True)),
    "quoted delimiter": (".csv", b'"a,b","c"\n"1","2"\n', Dialect(quote_all=True)),
    "some quoted": (".csv", b'a,b\n"x,y",1\n"2\n3",z\n', Dialect()),
    "quoted semicolon crlf": (
        ".csv", b'"a";"b"\r\n"1,5";"x"\r\n', Dialect(";", quote_all=True, line_end="\r\n"),
    ),
    "everything": (
        ".csv", b'\xef\xbb\xbf"a"|"b"\r\n"\xc3\xa9"|""\r\n',
        Dialect("|", "utf-8-sig", quote_all=True, line_end="\r\n"),
    ),
    "nulls": (".csv", b"a,b\nNA,null\n,NaN\nNone,?\n", Dialect()),
    "quoted line breaks": (".csv", b'"a","b"\n"1\n2","x\r\ny"\n', Dialect(quote_all=True)),
    "line break of the other sort": (".csv", b'a,b\n"1\r\n2",x\n', Dialect()),
    "decimal commas in one column": (".csv", b"a\n1,5\n2\n", Dialect(";")),
    "unnamed": (".csv", b",a\n0,x\n1,y\n", Dialect()),
}  # fmt: skip


@pytest.mark.parametrize(("suffix", "data", "dialect"), FILES.values(), ids=FILES)
def test_file_is_read_and_written_back_byte_by_byte(tmp_path, suffix, data, dialect):
    (tmp_path / f"in{suffix}").write_bytes(data)
    table = read_table(tmp_path / f"in{suffix}")
    assert table.dialect == dialect
    write_frames([table.frame], tmp_path / f"out{suffix}", table.dialect)
    assert (tmp_path / f"out{suffix}").read_bytes() == data


def test_every_spelling_survives_as_text(tmp_path):
    write_frames([FRAME], tmp_path / "a.csv")
    frame = read_table(tmp_path / "a.csv").frame
    pd.testing.assert_frame_equal(frame, FRAME)


def test_short_rows_end_in_empty_fields(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a,b,c\n1,x,NA\n2\n")
    assert read_table(tmp_path / "a.csv").frame.loc[1].tolist() == ["2", "", ""]


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (b"a\n1\n\n2\n", ["1", "", "2"]),
        (b"a\r\n\r\n1\r\n\r\n", ["", "1", ""]),
        (b'\n\na\n1\n""\n\n2', ["1", "", "", "2"]),
        ("a\n\n1\n".encode("utf-16"), ["", "1"]),
    ],
    ids=["lf", "crlf", "blank lines first", "utf-16"],
)
def test_a_blank_line_in_the_only_column_is_a_missing_value(tmp_path, data, values):
    (tmp_path / "a.csv").write_bytes(data)
    table = read_table(tmp_path / "a.csv")
    assert table.frame.to_dict("list") == {"a": values}
    write_frames([table.frame], tmp_path / "b.csv", table.dialect)
    pd.testing.assert_frame_equal(read_table(tmp_path / "b.csv").frame, table.frame)


def test_blank_lines_between_rows_of_several_columns_are_no_rows(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\na,b\n1,2\n\n3,4\n\n")
    assert read_table(tmp_path / "a.csv").frame.to_dict("list") == {"a": ["1", "3"], "b": ["2", "4"]}


def test_header_quoted_alone_does_not_quote_all():
    assert not detect_dialect(b'"a","b"\n"x",1\n').quote_all


@pytest.mark.parametrize(
    ("target", "dialect", "data"),
    [
        ("a.csv", None, b"a,b\n1,x\n"),
        ("a.tsv", None, b"a\tb\n1\tx\n"),
        ("a.tab", Dialect(";", quote_all=True, line_end="\r\n"), b'"a"\t"b"\r\n"1"\t"x"\r\n'),
        ("a.csv", Dialect(";"), b"a;b\n1;x\n"),
    ],
    ids=["comma", "tab", "suffix wins", "own mark"],
)
def test_suffix_and_dialect_decide_the_bytes(tmp_path, target, dialect, data):
    write_frames([pd.DataFrame({"a": [1], "b": ["x"]})], tmp_path / target, dialect)
    assert (tmp_path / target).read_bytes() == data


def test_letters_that_an_encoding_lacks_do_not_stop_the_writing(tmp_path):
    write_frames([pd.DataFrame({"a": ["ż"]})], tmp_path / "a.csv", Dialect(encoding="cp1252"))
    assert (tmp_path / "a.csv").read_bytes() == b"a\n?\n"


def test_gzip_is_read_and_written_the_same_each_time(tmp_path):
    for name in ("a.csv.gz", "b.csv.gz"):
        write_frames([FRAME], tmp_path / name)
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()
    assert (tmp_path / "a.csv.gz").read_bytes()[4:8] == bytes(4)  # no time of writing
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.csv.gz").frame, FRAME)
    (tmp_path / "named.csv").write_bytes((tmp_path / "a.csv.gz").read_bytes())
    pd.testing.assert_frame_equal(read_table(tmp_path / "named.csv").frame, FRAME)


TYPED = pd.DataFrame(
    {
        "n": pd.array([1, None], dtype="Int16"),
        "t": pd.to_datetime(["2024-01-01", None]).tz_localize("Asia/Tokyo"),
        "c": pd.Categorical(["b", None], categories=["c", "b"], ordered=True),
    }
)


@pytest.mark.parametrize("name", ["a.parquet", "a.feather", "a.ARROW"])
def test_binary_formats_keep_dtypes(tmp_path, name):
    write_frames([TYPED], tmp_path / name)
    table = read_table(tmp_path / name)
    pd.testing.assert_frame_equal(table.frame, TYPED)
    assert table.dialect is None


def test_a_frame_is_taken_as_it_is():
    assert read_table(TYPED).frame is TYPED


def on_stdin(monkeypatch, data):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_standard_input_is_text_gzip_or_parquet(monkeypatch):
    on_stdin(monkeypatch, b"a;b\n1;02\n")
    table = read_table("-")
    assert (table.frame.to_dict("list"), table.dialect) == ({"a": ["1"], "b": ["02"]}, Dialect(";"))
    on_stdin(monkeypatch, gzip.compress(b"a\n03\n"))
    assert read_table("-").frame["a"].tolist() == ["03"]
    on_stdin(monkeypatch, TYPED.to_parquet())
    pd.testing.assert_frame_equal(read_table("-").frame, TYPED)


def test_standard_output_is_delimited_text(capfdbinary):
    write_frames([pd.DataFrame({"a": ["é"]})], "-", Dialect(encoding="utf-8-sig", line_end="\r\n"))
    assert capfdbinary.readouterr().out == b"\xef\xbb\xbfa\r\n\xc3\xa9\r\n"


def test_a_misspelt_file_is_told_with_the_nearest_one(tmp_path):
    (tmp_path / "customers.csv").write_text("a\n1\n")
    with pytest.raises(TableError, match=r"No such file or directory. Did you mean 'customers.csv'\?$"):
        read_table(tmp_path / "custmers.csv")
    with pytest.raises(TableError, match=r"No such file or directory\.$"):
        read_table(tmp_path / "orders.csv")
    with pytest.raises(TableError, match=r"No such file or directory\.$"):
        read_table(tmp_path / "nowhere" / "customers.csv")


def test_a_file_that_cannot_be_looked_for_is_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(TableError, match=r"File name too long\.$"):
        read_table(tmp_path / ("a" * 300 + ".csv"))
    monkeypatch.setattr(
        "os.listdir", lambda folder: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(TableError, match=r"No such file or directory\.$"):
        read_table(tmp_path / "custmers.csv")


UNREADABLE = {
    "absent": ("a.csv", None, "Cannot read '{path}': No such file or directory."),
    "unknown": (
        "a.xlsx", b"", "'{path}' has no known format. Use a name that ends in one of "
        ".csv, .tsv, .txt, .tab, .parquet, .feather, .arrow.",
    ),
    "gzipped parquet": ("a.parquet.gz", b"", "'{path}' has no known format. Use a name that ends in one of "),
    "empty": ("a.csv", b" \r\n\n", "Cannot read '{path}': it is empty."),
    "only a mark": ("a.csv", b"\xef\xbb\xbf", "Cannot read '{path}': it is empty."),
    "cut gzip": (
        "a.csv.gz", gzip.compress(b"a,b\n1,2\n")[:-6], "Cannot read '{path}': the gzip data is damaged.",
    ),
    "bad gzip": (
        "a.csv", b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xff" * 30,
        "Cannot read '{path}': the gzip data is damaged.",
    ),
    "no parquet": ("a.parquet", b"a,b\n", "Cannot read '{path}': it is damaged or not a .parquet file."),
    "no feather": ("a.feather", b"a,b\n", "Cannot read '{path}': it is damaged or not a .feather file."),
    "ragged": (
        "a.csv", b"a,b\n1,2\n3,4,5\n",
        "Cannot read '{path}': Error tokenizing data. C error: Expected 2 fields in line 3, saw 3.",
    ),
    "wide": (
        "a.csv", b"a,b\n1,2,3\n3,4,5\n", "Cannot read '{path}': its rows have more fields than its header.",
    ),
    "open quote": ("a.csv", b'a,b\n"1,2\n3,4\n', "Cannot read '{path}': Error tokenizing data. "),
    "two of a name": ("a.csv", b"a,b,b\n1,2,3\n", "Two columns are named 'b'. Rename one of them."),
}  # fmt: skip


@pytest.mark.parametrize(("name", "data", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_file_is_refused_with_the_reason(tmp_path, name, data, message):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(TableError, match="^" + re.escape(message.format(path=path))):
        read_table(path)


def test_damaged_parquet_on_standard_input_is_refused(monkeypatch):
    on_stdin(monkeypatch, b"PAR1 and no more")
    message = r"^Cannot read standard input: it is damaged or not a \.parquet file\.$"
    with pytest.raises(TableError, match=message):
        read_table("-")


def test_a_folder_is_no_table(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(TableError, match=r"^Cannot read '.*a\.csv': Is a directory\.$"):
        read_table(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet", "a.feather"])
def test_existing_file_is_kept_unless_forced(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"old")
    message = f"^'{re.escape(str(path))}' already exists. Choose another name"
    for refuse in (lambda: write_frames([TYPED], path), lambda: check_target(path, force=False)):
        with pytest.raises(TableError, match=message):
            refuse()
    assert path.read_bytes() == b"old"
    check_target(path, force=True)
    write_frames([TYPED], path, force=True)
    assert path.read_bytes() != b"old"


def test_a_failing_write_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")

    def fail(file):
        file.write(b"half a ta")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, fail, force=True)
    monkeypatch.setattr(
        os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(TableError, match=r"^Cannot write '.*a\.csv': No space left on device\.$"):
        write_frames([TYPED], path, force=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a.parquet", "a.feather"])
def test_what_a_format_cannot_hold_is_refused(tmp_path, name):
    with pytest.raises(TableError, match=r"(?s)^Cannot write '.*': .* Use a name that ends in \.csv\.$"):
        write_frames([pd.DataFrame({"a": [1, "x"]}, dtype=object)], tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_target_must_be_in_a_folder(tmp_path):
    path = tmp_path / "no" / "a.csv"
    with pytest.raises(TableError, match=r"^There is no folder '.*no'\. Make it first\.$"):
        check_target(path, force=True)
    with pytest.raises(TableError, match=r"^Cannot write '.*a\.csv': No such file or directory\.$"):
        write_frames([TYPED], path)
    with pytest.raises(TableError, match="has no known format"):
        write_frames([TYPED], tmp_path / "a.doc")


def test_a_new_file_has_the_usual_permissions(tmp_path):
    write_frames([TYPED], tmp_path / "a.csv")
    (tmp_path / "usual").touch()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize(
    ("name", "suffix"), [("A.CSV", ".csv"), ("b.tar.tsv.gz", ".tsv"), ("c.d/e.Parquet", ".parquet")]
)
def test_format_is_told_by_the_suffix(name, suffix):
    assert file_format(name) == suffix


def test_utf_16_is_read_and_written_alike(tmp_path):
    data = "name,price\nJürgen,5\n".encode("utf-16")
    (tmp_path / "a.csv").write_bytes(data)
    table = read_table(tmp_path / "a.csv")
    assert table.frame.to_dict("list") == {"name": ["Jürgen"], "price": ["5"]}
    write_frames([table.frame], tmp_path / "b.csv", table.dialect)
    assert (tmp_path / "b.csv").read_bytes() == data
