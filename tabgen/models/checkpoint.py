"""State of training to a file and back, so that a fit that was killed goes on where it was."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from tabgen.archives import zip_arrays
from tabgen.errors import ModelFileError
from tabgen.models.interruption import Interruption
from tabgen.wholefiles import write_whole

FORMAT = 2
FACTS = "facts"
LEAST_WAIT = 20  # between two writes, in times of what one takes: training is not to wait for the disk


@dataclass(frozen=True)
class State:
    """State of one stage of training.

    Attributes
    ----------
    facts : mapping
        What JSON can hold.
    arrays : mapping of str to sequence of numpy.ndarray
        Values of variables, by kind.
    """

    facts: Mapping[str, Any]
    arrays: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)


class Checkpoint:
    """A file with the state of each stage of one fit; written whole or not at all, and no pickle.

    Parameters
    ----------
    path : path
        Where the file is or shall be.
    identity : mapping
        What tells this fit from all others: a digest of its ``table``, and its settings by name.
    seed : int
        Seed of the fit.

    Raises
    ------
    ModelFileError
        If there is a file that is no checkpoint, damaged, or of another fit.
    """

    def __init__(self, path: str | os.PathLike[str], identity: Mapping[str, Any], seed: int) -> None:
        self.path, self.identity, self.seed = Path(path), dict(identity), seed
        self.stages: dict[str, State] = {}
        if os.path.exists(self.path):
            facts, arrays = _read(self.path)
            for name, value in identity.items():
                there = facts["identity"].get(name)
                if there != value:
                    what = f"of a fit with {name} {there!r}, but this one has {value!r}"
                    raise ModelFileError(
                        f"The checkpoint {str(path)!r} is {'of another table' if name == 'table' else what}. "
                        "Pass the same, or delete it to start anew."
                    )
            for name, told in facts["stages"].items():
                kinds = {kind: [arrays[key] for key in keys] for kind, keys in told["arrays"].items()}
                self.stages[name] = State(told["facts"], kinds)

    def put(self, stage: str, state: State) -> None:
        """Write the state of a stage, beside those of the stages before."""
        self.stages[stage] = state
        arrays: dict[str, np.ndarray] = {}
        told: dict[str, Any] = {}
        for name, kept in self.stages.items():
            keys: dict[str, list[str]] = {}
            for kind, values in kept.arrays.items():
                keys[kind] = [f"{name}.{kind}.{number}" for number in range(len(values))]
                arrays.update(zip(keys[kind], values, strict=True))
            told[name] = {"facts": dict(kept.facts), "arrays": keys}
        facts = {"format": FORMAT, "identity": self.identity, "seed": self.seed, "stages": told}
        arrays[FACTS] = np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]  # numpy 2.0 has no allow_pickle
        write_whole(self.path, lambda file: file.write(buffer.getbuffer()), force=True)

    def remove(self) -> None:
        """Delete the file: the fit is done."""
        self.path.unlink(missing_ok=True)


def seed_of(path: str | os.PathLike[str]) -> int | None:
    """Return the seed of the fit that a checkpoint is of; None where there is no file."""
    return int(_read(Path(path))[0]["seed"]) if os.path.exists(path) else None


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    try:
        arrays = zip_arrays(path)
        facts = json.loads(arrays.pop(FACTS).tobytes())
        kinds = isinstance(facts["seed"], int) and isinstance(facts["identity"], dict)
        if facts["format"] != FORMAT or not kinds:
            raise ValueError("another format")
    except OSError as error:
        raise ModelFileError(f"Cannot read {str(path)!r}: {error.strerror or error}.") from error
    except (AttributeError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ModelFileError(
            f"{str(path)!r} is no checkpoint of this tabgen, or is damaged. Choose another name or delete it."
        ) from error
    return facts, arrays


@dataclass(frozen=True)
class Place:
    """Where a stage of training keeps its state.

    Attributes
    ----------
    checkpoint : Checkpoint or None
        The file; None keeps nothing.
    stage : str
        Name of the stage.
    attempt : int
        How often the stage was begun anew before.
    """

    checkpoint: Checkpoint | None = None
    stage: str = ""
    attempt: int = 0

    @property
    def state(self) -> State | None:
        """What was kept of this attempt, if anything was."""
        state = None if self.checkpoint is None else self.checkpoint.stages.get(self.stage)
        return state if state is not None and state.facts["attempt"] == self.attempt else None

    def put(self, facts: Mapping[str, Any], **arrays: Sequence[np.ndarray]) -> None:
        """Keep the state of this attempt."""
        if self.checkpoint is not None:
            self.checkpoint.put(self.stage, State({"attempt": self.attempt, **facts}, arrays))


class Stateful(Protocol):
    """A callback whose state has to come back."""

    def state(self) -> dict[str, Any]:
        """Return it as JSON values."""

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take it back."""


@dataclass(frozen=True)
class Parts:
    """All that has a state in training.

    Attributes
    ----------
    model : keras.Model
        The model.
    seeds : sequence of keras.random.SeedGenerator
        Sources of its draws.
    optimizers : sequence of keras.optimizers.Optimizer
        Built ones.
    callbacks : sequence of Stateful
        Those that decide; the first one has the ``best_weights``.
    """

    model: keras.Model
    seeds: Sequence[keras.random.SeedGenerator]
    optimizers: Sequence[keras.optimizers.Optimizer]
    callbacks: Sequence[Any]

    @property
    def variables(self) -> list[keras.Variable]:
        """The variables of model, draws and optimizers."""
        own = [*self.model.weights, *(seed.state for seed in self.seeds)]
        return [*own, *(variable for optimizer in self.optimizers for variable in optimizer.variables)]


class Recorder(keras.callbacks.Callback):
    """Keep the curves of all epochs, and put the state of training away at the end of some.

    It has to be the last callback: it keeps what the others decided.

    Parameters
    ----------
    parts : Parts
        All that has a state.
    place : Place
        Where to keep it.
    stop : Interruption
        An epoch that the user cut short is not kept.
    """

    def __init__(self, parts: Parts, place: Place, stop: Interruption) -> None:
        super().__init__()
        self.parts, self.place, self.stop = parts, place, stop
        self.rows: list[dict[str, float]] = []
        self.over = False
        self.next_write = 0.0

    def restore(self) -> bool:
        """Take back what was kept; tell whether there was anything."""
        state = self.place.state
        if state is None:
            return False
        for variable, value in zip(self.parts.variables, state.arrays["variables"], strict=True):
            variable.assign(value)
        self.rows, self.over = list(state.facts["rows"]), state.facts["over"]
        for callback, facts in zip(self.parts.callbacks, state.facts["callbacks"], strict=True):
            callback.restore(facts)
        self.parts.callbacks[0].best_weights = list(state.arrays["best"])
        return True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note the curves; keep the state, if it is time."""
        self.rows.append({name: float(value) for name, value in (logs or {}).items()})
        self.over = bool(self.model.stop_training)
        began = time.perf_counter()
        if self.place.checkpoint is None or self.stop.asked or began < self.next_write:
            return
        facts = {
            "rows": self.rows,
            "over": self.over,
            "callbacks": [callback.state() for callback in self.parts.callbacks],
        }
        best = self.parts.callbacks[0].best_weights
        self.place.put(facts, variables=[np.asarray(v) for v in self.parts.variables], best=best)
        ended = time.perf_counter()
        self.next_write = ended + LEAST_WAIT * (ended - began)

    @property
    def curves(self) -> dict[str, list[float]]:
        """One value an epoch; NaN where an epoch lacks a curve."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        return {name: [row.get(name, float("nan")) for row in self.rows] for name in names}
