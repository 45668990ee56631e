"""A table of which some columns stay to fresh values of the others, drawn from a model given those."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import pandas as pd
from sklearn.base import clone

from tabgen.inference import infer_schema
from tabgen.schema import REPLACED
from tabgen.synthesizer import TabularGAN


def synthesise(
    frame: pd.DataFrame,
    drawn: Sequence[Hashable],
    given: Sequence[Hashable],
    gan: TabularGAN | None = None,
    seed: int | None = None,
) -> dict[Hashable, pd.Series]:
    """Draw columns from a model fitted on them and on those that stay: partial synthesis (Little 1993).

    Parameters
    ----------
    frame : pandas.DataFrame
        The real table; it is not modified.
    drawn : sequence of Hashable
        Columns to draw. Missing values are drawn like others.
    given : sequence of Hashable
        Columns that stay, whose values each row is drawn for; without any, whole rows are drawn.
    gan : TabularGAN, optional
        A model, which is copied and fitted; by default ``TabularGAN(random_state=seed)``.
    seed : int, optional
        Seed of the draws; None takes fresh entropy.

    Returns
    -------
    dict of Hashable to pandas.Series
        The drawn columns, with the index and dtypes of the table.

    Examples
    --------
    >>> people = pd.DataFrame({"smokes": ["no", "yes"] * 40, "age": [31, 45, 28, 62] * 20})
    >>> fresh = synthesise(people, ["age"], ["smokes"], TabularGAN(epochs=2, random_state=0), seed=0)
    >>> bool(fresh["age"].isin(people["age"]).all()), len(fresh["age"])
    (True, 80)
    """
    known = infer_schema(frame[list(given)]).columns if given and len(frame) else ()
    evidence = [column.name for column in known if column.kind not in REPLACED and column.modelled]
    learned = frame[[label for label in frame.columns if label in {*drawn, *evidence}]].reset_index(drop=True)
    model = TabularGAN(random_state=seed) if gan is None else clone(gan)
    model.fit(learned)
    fresh = (
        model.sample(where=learned[evidence], seed=seed) if evidence else model.sample(len(frame), seed=seed)
    )
    return {label: pd.Series(fresh[label].array, index=frame.index, name=label) for label in drawn}
