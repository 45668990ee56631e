"""How fast are pseudonyms, and are they right? Made-up values of eight patterns in, facts on each out.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/pseudonyms.py OUT.csv [--values 10000000]

All values of a pattern are different, so that nothing is gained by replacing each only once. Checked are:
that every pseudonym has the pattern (and right check characters), that no two are equal, that another process
with the same key gives the same ones, and how many stay with another key.
"""

import argparse
import hashlib
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from tabgen.substitution.checkdigits import CHECKED
from tabgen.substitution.keys import SecretKey
from tabgen.substitution.pseudonyms import pseudonymise

KEY, OTHER = SecretKey(hashlib.sha256(b"one").digest()), SecretKey(hashlib.sha256(b"other").digest())
PATTERNS = {
    "code": r"[A-Z]{2}-\d{6}",
    "number": r"[1-9]\d{9}",
    "phone": r"\+49 \d{3} \d{7}",
    "email": r"[a-z]{5}\.[a-z]{6}@[a-z]+\.com\.example",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "card": r"4\d{3} \d{4} \d{4} \d{4}",
    "iban": r"DE\d{20}",
    "es_dni": r"\d{8}[A-Z]",
}


def _digits(numbers: np.ndarray, width: int) -> list[str]:
    return [f"{number:0{width}d}" for number in numbers.tolist()]


def _words(numbers: np.ndarray, length: int) -> np.ndarray:
    letters = np.empty((len(numbers), length), dtype="<u4")
    for place in range(length):
        letters[:, place] = ord("a") + numbers % 26
        numbers = numbers // 26
    return letters.view(f"<U{length}").ravel()


def _checked(kind: str, texts: list[str]) -> list[str]:
    """Return texts that lack check characters with right ones."""
    form = CHECKED[kind]
    codes = np.array([text.replace(" ", "") for text in texts]).view("<u4").reshape(len(texts), -1)
    found = form.compute(codes).view("<U1").reshape(len(texts), -1).tolist()
    if kind == "iban":
        return [text[:2] + "".join(check) + text[4:] for text, check in zip(texts, found, strict=True)]
    return [text[:-1] + check[0] for text, check in zip(texts, found, strict=True)]


def values(kind: str, n: int) -> pd.Series:
    """Return n different values of a pattern."""
    rng = np.random.default_rng(0)
    step = {"es_dni": 10**8 // n, "code": 26**2 * 10**6 // n}.get(kind, 10**9 // n)
    numbers = np.arange(n, dtype=np.int64) * step + rng.integers(0, step, n)
    rng.shuffle(numbers)
    match kind:
        case "code":
            head = np.char.upper(_words(numbers // 10**6, 2)).tolist()
            texts = [f"{a}-{b}" for a, b in zip(head, _digits(numbers % 10**6, 6), strict=True)]
        case "number":
            return pd.Series(numbers + 10**9)
        case "phone":
            texts = [f"+49 1{text[:2]} {text[2:]}" for text in _digits(numbers, 9)]
        case "email":
            hosts = rng.choice(["mail", "post", "web"], n).tolist()
            parts = zip(_words(numbers, 5).tolist(), _words(numbers // 7, 6).tolist(), hosts, strict=True)
            texts = [f"{a}.{b}@{host}.com" for a, b, host in parts]
        case "uuid":
            last = rng.integers(0, 2**48, n).tolist()
            pairs = zip(numbers.tolist(), last, strict=True)
            texts = [
                f"{a:08x}-{b & 0xFFFF:04x}-4{b >> 20 & 0xFFF:03x}-a{a & 0xFFF:03x}-{b:012x}" for a, b in pairs
            ]
        case "card":
            texts = [f"4{t[:3]} {t[3:7]} {t[7:]}00 0000" for t in _digits(numbers, 9)]
            texts = _checked("card", texts)
        case "iban":
            texts = _checked("iban", [f"DE00{text}{text}" for text in _digits(numbers, 9)])
        case "es_dni":
            texts = _checked("es_dni", [f"{text}A" for text in _digits(numbers, 8)])
    return pd.Series(texts, dtype="str")


def digest(series: pd.Series) -> str:
    """Return one text that tells a column from any other."""
    return hashlib.sha256("\n".join(series.astype(str)).encode()).hexdigest()


def facts(kind: str, n: int) -> dict[str, object]:
    """Return what there is to say of the pseudonyms of a pattern."""
    real = values(kind, n)
    began = time.process_time()
    fresh = pseudonymise(real, kind, KEY)
    seconds = time.process_time() - began
    texts = fresh.astype(str).tolist()
    look = re.compile(PATTERNS[kind])
    kept = sum(look.fullmatch(text) is not None for text in texts)
    checked = f"{CHECKED[kind].holds(texts).mean():.2%}" if kind in CHECKED else ""
    few = real.iloc[:200_000]
    told = [sys.executable, __file__, "--digest", kind, "--values", str(n)]
    again = subprocess.run(told, check=True, capture_output=True, text=True).stdout.strip()
    return {
        "pattern": kind,
        "values": real.nunique(),
        "format_kept": f"{kept / n:.2%}",
        "check_characters_right": checked,
        "collisions": n - fresh.nunique(),
        "unchanged": int((fresh == real).sum()),
        "same_in_another_process": again == digest(fresh),
        "same_with_another_key": f"{(pseudonymise(few, kind, OTHER) == fresh.iloc[:200_000]).mean():.5%}",
        "cpu_s": round(seconds, 1),
        "values_per_s": round(n / seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", nargs="?", help="CSV file")
    parser.add_argument("--values", type=int, default=10_000_000, help="in all")
    parser.add_argument("--digest", help="print what tells the pseudonyms of one pattern from others")
    options = parser.parse_args()
    if options.digest:
        print(digest(pseudonymise(values(options.digest, options.values), options.digest, KEY)))
        return
    rows = []
    for kind in PATTERNS:
        rows.append(
            {**facts(kind, options.values // len(PATTERNS)), "date": pd.Timestamp.now().strftime("%Y-%m-%d")}
        )
        print(rows[-1], file=sys.stderr, flush=True)
    table = pd.DataFrame(rows)
    print(f"{table['values'].sum() / table['cpu_s'].sum():,.0f} values a second over all patterns")
    if options.out:
        table.to_csv(Path(options.out), index=False)


if __name__ == "__main__":
    main()
