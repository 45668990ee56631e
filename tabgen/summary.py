"""A schema, relations and a trained model to the text that says what was decided, learned and found."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tabgen.relations import Relation
from tabgen.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

    from tabgen.encoding import TableEncoder
    from tabgen.privacy import Spending

WIDTH = 110


def summarize(
    schema: Schema, relations: Sequence[Relation], facts: Mapping[str, str] | None = None, width: int = WIDTH
) -> str:
    """Return what is known of a table, as text.

    Parameters
    ----------
    schema : Schema
        The columns.
    relations : sequence of Relation
        The rules between them.
    facts : mapping of str to str, optional
        Further lines, each a name and what to say of it.
    width : int
        Characters in a line.

    Returns
    -------
    str
        Lines without trailing blanks.

    Examples
    --------
    >>> from tabgen.inference import infer_schema
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"sold": ["yes", "no"] * 9})
    >>> print(summarize(infer_schema(frame), (), {"rows": "18"}))
      column   kind      missing   levels   sensitivity   because
      sold     boolean   0.0%      2        none          written no and yes
    <BLANKLINE>
      rows   18
    """
    columns = [["column", "kind", "missing", "levels", "sensitivity", "because"]]
    for column in schema.columns:
        levels = str(len(column.levels)) if column.levels else ""
        words = str(column.name), column.kind, f"{column.missing:.1%}", levels, column.sensitivity
        columns.append([*words, column.reason])
    rules = [["relation", "rows"]]
    rules += [[rule.describe(), f"{getattr(rule, 'support', 0):,}"] for rule in relations]
    tables = [columns, rules if relations else [], [list(fact) for fact in (facts or {}).items()]]
    return "\n\n".join(text_table(rows, width) for rows in tables if rows)


def training_facts(
    encoder: TableEncoder, model: Any, history: pd.DataFrame, spending: Spending | None = None
) -> dict[str, str]:
    """Return what there is to say of a trained model: its size, how it was trained and how well.

    Parameters
    ----------
    encoder : TableEncoder
        How columns became tokens.
    model : keras.Model or None
        The model.
    history : pandas.DataFrame
        One row an epoch.
    spending : Spending, optional
        What a private fit spent.
    """
    layout = encoder.layout
    facts = {"tokens": f"{len(layout):,} with {int(layout.cardinalities.sum()):,} codes in all"}
    if spending is not None:
        facts["privacy"] = spending.describe()
    if model is None:
        return {**facts, "model": "none: no column varies"}
    facts["model"] = _architecture(model)
    for stage, curves in history.groupby("stage", sort=False):
        last = curves.iloc[-1]
        count = f"{len(curves)} epochs" if "trees" not in curves or curves["trees"].isna().all() else "trees"
        took = f" in {last['seconds']:.0f} s" if "seconds" in last else ""
        facts[f"stage: {stage}"] = f"{count}{took}; {last['ended']}"
    if "val_loss" not in history:  # a private fit holds no rows out
        return facts
    best = history.loc[history["val_loss"].where(history["val_kl"].notna()).idxmin()]
    facts["validation"] = f"{best['val_loss']:.3f} nats a row, of which {best['val_kl']:.3f} for the latent"
    scores = history["two_sample"].dropna()
    if len(scores):
        facts["two-sample score"] = f"{scores.iloc[-1]:.3f} (0.5: real and generated rows are alike)"
    return facts


def _architecture(model: Any) -> str:
    """Return kinds and numbers of weights of a model and its parts."""
    told = [f"{type(model).__name__} of"] if hasattr(model, "discriminator") else []
    for part in (getattr(model, "generator", model), getattr(model, "discriminator", None)):
        if part is not None:
            weights = sum(int(np.prod(variable.shape)) for variable in part.weights)
            told.append(f"{type(part).__name__} ({weights:,} weights)")
    return " ".join(told)


def text_table(rows: Sequence[Sequence[str]], width: int = WIDTH) -> str:
    """Return rows of cells as text in columns, without trailing blanks; long cells are wrapped."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 1, 0, 2))
    for row in rows:
        table.add_row(*map(Text, row))  # as they are: a name may look like markup
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(table)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())  # type: ignore[attr-defined]
