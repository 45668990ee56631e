"""Scores of one comparison as a `Scorecard`: to JSON and back, to text and to HTML."""

from __future__ import annotations

import html
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from tabgen.errors import TableError
from tabgen.evaluation.disclosure import Distances
from tabgen.evaluation.twosample import TwoSample
from tabgen.evaluation.verdict import FAMILIES, Verdict, judge
from tabgen.jsonvalues import scalar_from_json, scalar_to_json

FORMAT = 1  # of the JSON text
LABELS = ("column", "first", "second")  # may be any label; all other fields are text or numbers
WORDS = (*LABELS, "family", "name", "kind", "learner", "trained_on", "metric")
COLOURS = {"green": "#1a7f37", "amber": "#9a6700", "red": "#cf222e"}


@dataclass(frozen=True)
class Scorecard:
    """Whether a table is alike, useful and safe, and where it is wrong.

    Attributes
    ----------
    scores : pandas.DataFrame
        One row a score: ``family`` ("fidelity", "utility", "disclosure"), ``name``, ``value``, ``low``
        and ``high`` (95 % interval), ``floor`` (the same of held-out real rows), ``ideal``. What each
        is: see `tabgen.evaluation.evaluate`.
    columns : pandas.DataFrame
        One row a column: ``column``, ``kind``, ``distance`` (Kolmogorov-Smirnov for what is ordered,
        total variation for levels), ``floor``, ``missing_real``, ``missing_synthetic``,
        ``wasserstein`` (in standard deviations of the real column; NaN for levels), ``telling`` (AUC
        that the two-sample test loses without the column).
    pairs : pandas.DataFrame
        One row a pair of columns: ``first``, ``second``, ``distance`` (total variation over common
        cells), ``floor``, and of both tables, ``real_`` and ``synthetic_``: ``association`` (Cramer's V
        of the cells, bias-corrected, 0 to 1, for all kinds), ``information`` (normalised mutual
        information of the cells) and ``correlation`` (Spearman; NaN where a column has no order).
    two_sample : TwoSample
        The ROC curve of the two-sample test.
    distances : Distances or None
        Distances between nearest rows; None without held-out rows or with too few rows.
    utility : pandas.DataFrame or None
        One row a model: ``learner`` ("boosted trees", "linear"), ``trained_on`` ("real", "synthetic"),
        ``score``, ``low``, ``high``, ``metric`` ("ROC AUC", "R2"); None without a target.
    rows : dict of str to int
        Rows of the tables: ``real``, ``synthetic``, ``holdout`` (0 where there is none), and the most
        that are used of each where not all are: ``two_sample``, ``density``, ``neighbours``, ``utility``.
    """

    scores: pd.DataFrame
    columns: pd.DataFrame
    pairs: pd.DataFrame
    two_sample: TwoSample
    distances: Distances | None
    utility: pd.DataFrame | None
    rows: dict[str, int]

    @property
    def shape(self) -> float:
        """Mean distance of the columns."""
        return float(self.columns["distance"].mean())

    @property
    def trend(self) -> float:
        """Mean distance of the pairs of columns; not a number for a single column."""
        return float(self.pairs["distance"].mean())

    @property
    def verdict(self) -> Verdict:
        """The traffic light, with reasons."""
        metric = None if self.utility is None else next(iter(self.utility["metric"]), None)
        return judge(self.scores, metric=metric, held_out=self.rows["holdout"] > 0)

    def value(self, name: str) -> float:
        """Return the value of a score, by its name.

        Raises
        ------
        KeyError
            If there is no such score.
        """
        return float(self.scores.set_index("name").at[name, "value"])

    def to_json(self) -> str:
        """Return the scorecard as JSON text: stable names, null for NaN."""
        facts = {
            "format": FORMAT,
            "verdict": asdict(self.verdict),
            "scores": _records(self.scores),
            "columns": _records(self.columns),
            "pairs": _records(self.pairs),
            "two_sample": _arrays(self.two_sample),
            "distances": None if self.distances is None else _arrays(self.distances),
            "utility": None if self.utility is None else _records(self.utility),
            "rows": self.rows,
        }
        return json.dumps(facts, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Scorecard:
        """Read a scorecard back from JSON text; the verdict is judged anew.

        Raises
        ------
        TableError
            If the text is not a scorecard of this version.
        """
        try:
            facts = json.loads(text)
            if facts["format"] != FORMAT:
                raise ValueError(f"format {facts['format']!r}, where this version reads {FORMAT}")
            return cls(
                _frame(facts["scores"]),
                _frame(facts["columns"]),
                _frame(facts["pairs"]),
                TwoSample(**_unlisted(facts["two_sample"])),
                None if facts["distances"] is None else Distances(**_unlisted(facts["distances"])),
                None if facts["utility"] is None else _frame(facts["utility"]),
                facts["rows"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise TableError(f"This is not a tabgen scorecard ({error}).") from error

    def __str__(self) -> str:
        verdict = self.verdict
        lights = [f"{family} {verdict.family(family)}" for family in FAMILIES if verdict.family(family)]
        table = self.scores.set_index("name")[["value", "low", "high", "floor", "ideal"]]
        shown = table.to_string(float_format="{:.3f}".format, na_rep="-", index_names=False)
        reasons = [f"{r.light}: {r.text}" for r in verdict.reasons if r.light != "green"]
        return "\n".join([f"{verdict.light} ({', '.join(lights)})", *reasons, "", shown])

    def _repr_html_(self) -> str:
        verdict = self.verdict
        lights = " ".join(
            f'<span style="color:#fff;background:{COLOURS[light]};border-radius:.3em;padding:.1em .5em">'
            f"{family}: {light}</span>"
            for family in FAMILIES
            if (light := verdict.family(family))
        )
        reasons = "".join(
            f"<li>{r.light}: {html.escape(r.text)}</li>" for r in verdict.reasons if r.light != "green"
        )
        table = self.scores.to_html(index=False, border=0, na_rep="–", float_format="{:.3f}".format)
        return f"<p>{lights}</p><ul>{reasons}</ul>{table}"


def _records(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Return a frame as one list a column, so that one without rows keeps its columns."""
    return {
        str(name): [
            None if isinstance(value, float) and math.isnan(value) else scalar_to_json(value)
            for value in values.tolist()
        ]
        for name, values in frame.items()
    }


def _frame(lists: dict[str, list[Any]]) -> pd.DataFrame:
    columns = {}
    for name, values in lists.items():
        read = [scalar_from_json(value) for value in values] if name in LABELS else values
        columns[name] = pd.Series(read, dtype=_dtype(name))
    return pd.DataFrame(columns)


def _dtype(name: str) -> type | str:
    if name in LABELS:
        return object
    return "str" if name in WORDS else float


def _arrays(facts: TwoSample | Distances) -> dict[str, Any]:
    return {
        name: [None if np.isnan(x) else float(x) for x in value]
        if isinstance(value, np.ndarray)
        else (None if np.isnan(value) else value)
        for name, value in vars(facts).items()
    }


def _unlisted(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        name: np.array(value, dtype=float)
        if isinstance(value, list)
        else float("nan" if value is None else value)
        for name, value in facts.items()
    }
