"""Hostile model files and delimited files to the errors that they end in: documented ones, in bounds.

    python benchmarks/fuzz.py model 3000      # all of a model file but its network
    python benchmarks/fuzz.py network 300     # the whole model, and a few rows drawn
    python benchmarks/fuzz.py table 3000      # delimited text: read, inferred, cleaned

Every case follows from its number alone: ``--first N 1`` repeats one. Exit code 1 if anything is reported.
"""

import argparse
import hashlib
import io
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
SAMPLE = Path(__file__).parents[1] / "tests" / "data" / "format_5.tabgen"
SLOW, HUNG = 5.0, 60.0  # seconds
MOST_MEMORY, ADDRESSES = 2**30, 2**34  # bytes beyond the libraries', and those that a worker may reserve
VALUES = [
    None, True, False, 0, -1, 1, 2, 255, 2**31, 2**63, 10**30, -(2**63), 0.5, -0.0, 1e999, -1e999,
    float("nan"), "", "a", "x" * 10_000, "\x00", "\ud800", "../../etc/passwd", "1" * 400, "datetime64[ns]",
    "object", "category", [], [[]], {}, [1, 2, 3], [None], {"a": 1}, {"tuple": []}, {"name": "object"},
    {"Timestamp": "x", "unit": "y", "tz": "z"}, {"date": "9999-99-99"}, {"Decimal": "1e999999"},
]  # fmt: skip


def hostile_model(rng: np.random.Generator) -> bytes:
    """Return a model file with one to three faults, most of them under valid checksums."""
    data = SAMPLE.read_bytes()
    if rng.random() < 0.1:
        return _damaged(data, rng)
    members = _members(data)
    for _ in range(rng.integers(1, 4)):
        name = str(rng.choice(list(members)))
        faults = [_damaged, _swapped]
        if name.endswith(".json"):
            faults = [_json] * 8 + faults
        elif name.endswith((".npz", ".keras")) and members[name][:2] == b"PK":
            faults = [_inner] * 8 + faults
        fault = faults[rng.integers(len(faults))]
        if fault is _swapped:
            _swapped(members, rng)
        else:
            members[name] = fault(members[name], rng)
        if not members:
            break
    about = members.get("format.json", b"{}")
    try:
        told = json.loads(about)
        hashes = {n: hashlib.sha256(d).hexdigest() for n, d in members.items() if n != "format.json"}
        members["format.json"] = json.dumps({**told, "sha256": hashes}).encode()
    except (TypeError, ValueError, RecursionError):
        pass
    return _zipped(members, rng)


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zipped(members: dict[str, bytes], rng: np.random.Generator) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there twice
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
            if members and rng.random() < 0.03:
                archive.writestr(str(rng.choice(list(members))), b"again")
            if rng.random() < 0.03:
                archive.writestr("../../outside", b"out")
            if rng.random() < 0.01:
                archive.writestr("bomb", bytes(3 * 10**8))
    return buffer.getvalue()


def _damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with some flipped, cut off, put in or written twice."""
    if not data:
        return rng.bytes(20)
    raw = bytearray(data)
    match rng.integers(5):
        case 0:
            return bytes(raw[: rng.integers(len(raw))])
        case 1:
            at = rng.integers(len(raw))
            return bytes(raw[:at] + rng.bytes(rng.integers(1, 200)) + raw[at:])
        case 2:
            at, to = sorted(rng.integers(0, len(raw) + 1, 2))
            return bytes(raw[:to] + raw[at:])
        case 3:  # the head tells sizes and kinds
            for at in rng.integers(0, min(len(raw), 300), rng.integers(1, 5)):
                raw[at] = rng.integers(256)
    for at in rng.integers(0, len(raw), rng.integers(1, 10)):
        raw[at] ^= 1 << rng.integers(8)
    return bytes(raw)


def _swapped(members: dict[str, bytes], rng: np.random.Generator) -> None:
    one, other = (str(name) for name in rng.choice(list(members), 2))
    match rng.integers(3):
        case 0:
            members[one], members[other] = members[other], members[one]
        case 1:
            members.pop(one)
        case 2:
            members[one + ".bak"] = members[one]


def _json(data: bytes, rng: np.random.Generator) -> bytes:
    """Return JSON with one value changed, left out or put in somewhere."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return data
    if rng.random() < 0.01:
        return b"[" * 100_000
    places = list(_places(told))
    if not places:
        return json.dumps(_value(rng)).encode()
    holder, key = places[rng.integers(len(places))]
    match rng.integers(4):
        case 0 if isinstance(holder, dict):
            del holder[key]
        case 0:
            holder.insert(0, _value(rng))
        case 1 if isinstance(holder[key], (int, float)) and not isinstance(holder[key], bool):
            holder[key] = [holder[key] + 1, -holder[key], holder[key] * 10**6, str(holder[key])][
                rng.integers(4)
            ]
        case 2:
            other, name = places[rng.integers(len(places))]
            holder[key] = json.loads(json.dumps(other[name]))
        case _:
            holder[key] = _value(rng)
    return json.dumps(told).encode()


def _value(rng: np.random.Generator):
    return VALUES[rng.integers(len(VALUES))]


def _places(told):
    pairs = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    for key, value in pairs:
        yield told, key
        yield from _places(value)


def _inner(data: bytes, rng: np.random.Generator) -> bytes:
    """Return a zip inside the zip with a fault in one of its members."""
    try:
        members = _members(data)
    except Exception:  # it has a fault already
        return data
    if not members:
        return data
    name = str(rng.choice(list(members)))
    if name.endswith(".json") or (name.endswith(".npy") and rng.random() < 0.6):
        members[name] = (_json if name.endswith(".json") else _array)(members[name], rng)
    elif rng.random() < 0.7:
        members[name] = _damaged(members[name], rng)
    else:
        _swapped(members, rng)
    return _zipped(members, rng)


def _array(data: bytes, rng: np.random.Generator) -> bytes:
    """Return an array of other values, shape or kind, or with a header that lies."""
    try:
        array = np.load(io.BytesIO(data))
    except Exception:  # it has a fault already
        return data
    match rng.integers(5):
        case 0 if array.size:
            array = array.copy()
            bad = [np.nan, np.inf, -1, 2**40, 1e300, 0]
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                array.flat[rng.integers(array.size)] = np.array(bad[rng.integers(6)]).astype(array.dtype)
        case 1:
            array = array[: len(array) // 2] if array.ndim else array[None]
        case 2:
            array = array.astype([np.float16, np.int8, np.complex64, "U3", ">f8", bool][rng.integers(6)])
        case 3:
            array = array[..., None]
        case _:
            head = io.BytesIO()
            shape = [(2**40,), (2**20, 2**20), (-1,), (2**62, 4), ()][rng.integers(5)]
            descr = ["<f8", "|O", "<i8", "<U9", "|V8"][rng.integers(5)]
            facts = {"descr": descr, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(head, facts)
            return head.getvalue() + array.tobytes()
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.save(out, array)
    return out.getvalue()


CELLS = [
    "1", "2.5", "-3", "1,200.50", "1.200,50", "$5", "5 %", "1e5", "1e999", "-1e999", "1e-999", "nan", "inf",
    "-inf", "0x1F", "١٢٣", "1_000", "0001", "9" * 30, "9" * 400, "1.5.2", "yes", "no", "TRUE", "", "NA",
    "null", "-", "?", "2020-01-31", "31.01.2020", "0000-00-00", "9999-12-31", "10000-01-01", "1582-10-10",
    "2020-02-30", "25:61:00", "2020-01-01T00:00:00+14:00", "1677-09-20", "2262-04-12", "99991231",
    "12/31/99", "24:00", "P1D", "1 day", "a", "é", "e\u0301" * 50, "👩‍👩‍👧‍👦", "\u202eabc", "\ufeff",
    "\u2028", "Z" + "\u0300" * 2_000, "x" * 100_000, "\x00", "\x1b[0m", "=1+1", '"', '""', "'", "a,b",
    "a;b", "a\tb", "a|b", "a\nb", "a\rb", "\\", "{}", "<b>", "$_$", "%s",
]  # fmt: skip
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1", "shift_jis", "utf-7"]


def hostile_table(rng: np.random.Generator) -> bytes:
    """Return delimited text of hostile cells, with faults of quoting, width and encoding."""
    mark = [",", ";", "\t", "|", " ", ":", ",,"][rng.integers(7)]
    end = ["\n", "\r\n", "\r", "\n\n", "\n\r"][rng.integers(5) if rng.random() < 0.4 else rng.integers(2)]
    width, rows = int(rng.integers(1, 7)), int(rng.choice([0, 1, 2, 5, 30, 60]))
    pools = [[CELLS[i] for i in rng.integers(0, len(CELLS), rng.integers(1, 4))] for _ in range(width)]
    lines = []
    quoted = rng.random() < 0.5
    for number in range(rows + 1):
        row = [pool[rng.integers(len(pool))] for pool in pools]
        if number == 0 and rng.random() < 0.8:
            row = [f"c{i}" for i in range(width)]
        if rng.random() < 0.02:
            row = row[: rng.integers(len(row) + 1)]
        if rng.random() < 0.02:
            row += [CELLS[rng.integers(len(CELLS))]]
        if quoted:
            row = ['"' + c.replace('"', '""') + '"' if set(c) & set('",;\t|\n\r') else c for c in row]
        lines.append(mark.join(row))
    text = end.join(lines) + (end if rng.random() < 0.8 else "")
    encoding = "utf-8" if rng.random() < 0.5 else ENCODINGS[rng.integers(len(ENCODINGS))]
    data = text.encode(encoding, errors="replace")
    if rng.random() < 0.1:
        data += text.encode(ENCODINGS[rng.integers(len(ENCODINGS))], errors="replace")
    if rng.random() < 0.2:
        data = _damaged(data, rng)
    if rng.random() < 0.03:
        import gzip

        data = gzip.compress(data, mtime=0)
        data = _damaged(data, rng) if rng.random() < 0.5 else data
    return data


def try_model(data: bytes, folder: Path) -> None:
    from tabgen.contents import describe_contents
    from tabgen.modelfile import load_parts
    from tabgen.summary import summarize

    path = folder / "hostile.tabgen"
    path.write_bytes(data)
    parts = load_parts(path, network=False)
    summarize(parts.schema, parts.relations, parts.protection.facts(), 100)
    describe_contents(parts, full=True, width=100)


def try_network(data: bytes, folder: Path) -> None:
    from tabgen import TabularGAN

    path = folder / "hostile.tabgen"
    path.write_bytes(data)
    TabularGAN.load(path).sample(5, seed=0)


def try_table(data: bytes, folder: Path) -> None:
    from tabgen.cleaning import clean
    from tabgen.inference import infer_schema
    from tabgen.tables import read_table

    path = folder / "hostile.csv"
    path.write_bytes(data)
    frame = read_table(path).frame
    clean(frame, infer_schema(frame))


KINDS = {
    "model": (hostile_model, try_model),
    "network": (hostile_model, try_network),
    "table": (hostile_table, try_table),
}


def memory() -> int:
    """Return the most bytes that this process has had in memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def work(kind: str, link) -> None:
    """Try the cases whose numbers come, and send back how each ended."""
    from tabgen.errors import TabgenError

    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
    make, attempt = KINDS[kind]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kind != "table":
            attempt(SAMPLE.read_bytes(), folder)  # loads the libraries
        else:
            attempt(b"a,b\n1,2\n", folder)
        start = memory()
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        for number in iter(link.recv, None):
            data = make(np.random.default_rng(number))
            began, told = time.perf_counter(), ""
            try:
                attempt(data, folder)
                outcome = "no error"
            except TabgenError as error:
                outcome = type(error).__name__
            except BaseException as error:
                outcome = f"REPORTED: {type(error).__name__}"
                told = "".join(traceback.format_exception(error)[-4:])
            link.send((outcome, told, time.perf_counter() - began, memory() - start))
            if memory() - start > MOST_MEMORY:
                return


class Worker:
    """A process that tries cases, begun anew when one has ended it."""

    def __init__(self, kind: str) -> None:
        self.link, far = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=work, args=(kind, far), daemon=True)
        self.process.start()
        far.close()

    def attempt(self, number: int) -> tuple[str, str, float, int]:
        """Return outcome, traceback, seconds and bytes of a case."""
        try:
            self.link.send(number)
            if self.link.poll(HUNG):
                return self.link.recv()
            outcome = "REPORTED: hangs"
        except (EOFError, OSError):
            self.process.join()
            outcome = f"REPORTED: the process died ({self.process.exitcode})"
        self.process.kill()
        return outcome, "", HUNG, 0

    @property
    def alive(self) -> bool:
        """Whether it can try more cases."""
        self.process.join(0)
        return self.process.is_alive()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("cases", type=int)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    given = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    counts: Counter[str] = Counter()
    seen: dict[str, int] = {}
    slowest = largest = 0.0
    worker = Worker(given.kind)
    for number in range(given.first, given.first + given.cases):
        if not worker.alive:
            worker = Worker(given.kind)
        outcome, told, seconds, size = worker.attempt(number)
        slow = seconds > SLOW and outcome != "REPORTED: hangs" and number > given.first
        for wrong, what in ((slow, f"over {SLOW:g} s"), (size > MOST_MEMORY, "over 1 GB")):
            if wrong:
                counts[f"REPORTED: {what}"] += 1
                print(f"case {number}: {outcome} after {seconds:.1f} s with {size / 2**30:.1f} GB")
        counts[outcome] += 1
        slowest, largest = max(slowest, seconds), max(largest, size)
        if outcome.startswith("REPORTED"):
            place = told.strip().splitlines()[-1][:200] if told else outcome
            seen[place] = seen.get(place, 0) + 1
            if seen[place] == 1:
                print(f"case {number}: {outcome}\n{told}", flush=True)
    if worker.alive:
        worker.link.send(None)
    for outcome, count in counts.most_common():
        print(f"{count:7,}  {outcome}")
    print(f"slowest case {slowest:.1f} s, most memory {largest / 2**20:,.0f} MB beyond the libraries'")
    return int(any(outcome.startswith("REPORTED") for outcome in counts))


if __name__ == "__main__":
    sys.exit(main())
