"""Damaged delimited files, each of which once ended in another error than a TableError."""

import pytest

from tabgen import TableError
from tabgen.tables import read_table

DAMAGED = {
    "half a character of UTF-16": ("a,b\n1,2\n".encode("utf-16") + b"\x09", "truncated data"),
    "half a pair of UTF-16": ("a,b\n1,2\n".encode("utf-16") + b"\x00\xd8\x41\x00", "illegal"),
    "a header longer than any": (b'"' + b"x" * 200_000 + b'",b\n1,2\n', "field larger than field limit"),
    "nothing in UTF-16": (b"\xff\xfe\n\x00", "it has no header"),
}


@pytest.mark.parametrize(("data", "message"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_one_sentence(data, message, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(TableError, match=message) as caught:
        read_table(path)
    assert "\n" not in str(caught.value)
