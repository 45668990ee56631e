"""A small table to what is left after kill -9 at random moments of fitting, sampling and saving.

    python benchmarks/kill.py 20 --seed 0

Each round starts the command, kills it after a random time, looks at what is under the final name (nothing,
what was there before, or a whole file), and goes on. The fit is resumed from its checkpoint until it is done;
its weights have to be those of a fit that nobody killed. Exit code 1 if any check fails.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROWS = 600
FIT = """
import sys
from tabgen import TabularGAN
from tabgen.models import checkpoint
checkpoint.LEAST_WAIT = 0
TabularGAN(epochs={epochs}, random_state=0).fit(sys.argv[1], checkpoint=sys.argv[2]).save(sys.argv[3])
"""
SAVE = """
import sys
from tabgen import TabularGAN
gan = TabularGAN.load(sys.argv[1])
print("ready", flush=True)
while True:
    gan.save(sys.argv[2])
"""
SAMPLE = """
import sys
from tabgen.cli import main
first = True
while True:
    words = ["sample", *sys.argv[1:3], "--rows", "20000", "--seed", "1", "--force", "--quiet"]
    assert main(words) == 0
    if first:
        print("ready", flush=True)
    first = False
"""


def start(code: str, *words: Path) -> subprocess.Popen:
    command = [sys.executable, "-W", "ignore", "-c", code, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def killed_after(process: subprocess.Popen, seconds: float) -> bool:
    """Kill a process after a time; tell whether it was still at work."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def weights(path: Path) -> list[np.ndarray]:
    from tabgen import TabularGAN

    return TabularGAN.load(path).model_.get_weights()


def kill_fits(folder: Path, kills: int, moments: random.Random, epochs: int) -> list[str]:
    """Kill fits until there were as many kills, and compare each that got to its end with a whole one."""
    code, table, state = FIT.format(epochs=epochs), folder / "in.csv", folder / "run.checkpoint"
    whole, target, faults, done, resumed = folder / "whole.tabgen", folder / "m.tabgen", [], 0, 0
    began = time.perf_counter()
    assert start(code, table, folder / "none", whole).wait() == 0
    length = time.perf_counter() - began
    expected = weights(whole)
    while done < kills or state.exists():
        limit = moments.uniform(0.3, 1.2) * length if done < kills else 3_600
        had = state.exists()
        if killed_after(start(code, table, state, target), limit):
            done += 1
            print(
                f"killed after {limit:.1f} s, checkpoint {'there' if state.exists() else 'none'}", flush=True
            )
            if target.exists():
                weights(target)  # raises if it is not whole
            continue
        resumed += had
        if not target.exists():
            faults.append("the fit ended without a model")
        elif not all(map(np.array_equal, weights(target), expected)):
            faults.append("the weights of a resumed fit differ")
        else:
            print(f"{'resumed' if had else 'unharmed'} fit: the same weights", flush=True)
        target.unlink(missing_ok=True)
    print(f"fit: {done} kills, {resumed} resumed fits came to their end, {len(faults)} faults")
    return faults


def kill_writers(name: str, code: str, source: Path, target: Path, kills: int, moments: random.Random):
    """Kill a process that writes one file again and again; the file has to be whole each time."""
    faults, bytes_of = [], set()
    for _ in range(kills):
        process = start(code, source, target)
        assert process.stdout.readline() == b"ready\n"
        killed_after(process, moments.uniform(0.05, 4))
        if target.exists():
            bytes_of.add(target.read_bytes())
    if name == "sample" and len(bytes_of) > 1:
        faults.append("the tables that were left differ")
    if name == "save":
        for number, data in enumerate(bytes_of):
            (copy := target.with_name(f"copy{number}.tabgen")).write_bytes(data)
            weights(copy)  # raises if it is not whole
            copy.unlink()
    left = [path.name for path in target.parent.glob(f".{target.name}.*")]
    if len(left) > 1:  # the next writer deletes what the last one left
        faults.append(f"unfinished files pile up: {left}")
    print(f"{name}: {kills} kills, {len(bytes_of)} different whole files, {len(left)} unfinished ones left")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("kills", type=int, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--only", choices=["fit", "sample", "save"])
    given = parser.parse_args()
    moments, rng = random.Random(given.seed), np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.choice(list("xyz"), ROWS), "b": rng.normal(size=ROWS).round(1)})
    model = Path(__file__).parents[1] / "tests" / "data" / "format_5.tabgen"
    faults = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table.to_csv(folder / "in.csv", index=False)
        if given.only in (None, "sample"):
            faults += kill_writers("sample", SAMPLE, model, folder / "out.csv", given.kills, moments)
        if given.only in (None, "save"):
            faults += kill_writers("save", SAVE, model, folder / "again.tabgen", given.kills, moments)
        if given.only in (None, "fit"):
            faults += kill_fits(folder, given.kills, moments, given.epochs)
    print("\n".join(faults) or "no faults")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
