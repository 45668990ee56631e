"""Real, held-out and synthetic rows to what attackers with the synthetic table learn of real people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.neighbors import NearestNeighbors

from tabgen.evaluation.features import for_trees, number, numbers, places
from tabgen.evaluation.scores import FEWEST_ROWS, MOST_ROWS, NAN, Score, around, roc_auc

TREES = 30  # twice as many told no more of rows that were copied
SECRETS = 5  # columns that are guessed in turn
BINS = 10  # of a number that is guessed
GROUP_LEVELS = 10  # of a column that makes up groups of people
LONELY = 0.1  # share of rows that are taken for outliers
FIGURES = ("singling_out", "linkability", "attribute_inference", "density_membership", "worst_group")


@dataclass(frozen=True)
class Attack:
    """What one attack gained from rows that were learned from, over others.

    Attributes
    ----------
    risk : str
        One of `FIGURES`.
    about : str
        The column guessed or the group of people, empty where there is none.
    members, others : float
        Success of the attack on people whose rows were learned from, and on held-out people; NaN where the
        attack compares the two itself.
    value, low, high : float
        Difference of both, or the ROC AUC of telling members from others, with its 95 % interval,
        widened where the worst of several is reported (Bonferroni).
    """

    risk: str
    about: str
    members: float
    others: float
    value: float
    low: float
    high: float


def attack_scores(
    real: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None, seed: int
) -> list[Score]:
    """Return the worst case of each risk as a score of disclosure; NaN without held-out rows.

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        Tidy frames with the same columns.
    holdout : pandas.DataFrame or None
        Real rows of the same form that were not learned from.
    seed : int
        Seed of rows, columns and trees.
    """
    found = [] if holdout is None else attacks(real, synthetic, holdout, seed)
    scores = []
    for risk in FIGURES:
        ideal = 0.5 if risk in ("density_membership", "worst_group") else 0.0
        own = [attack for attack in found if attack.risk == risk]
        worst = max(own, key=lambda attack: attack.low, default=None)
        figures = (NAN, NAN, NAN) if worst is None else (worst.value, worst.low, worst.high)
        scores.append(Score("disclosure", risk, *figures, NAN, ideal))
    return scores


def attacks(
    real: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame, seed: int = 0
) -> list[Attack]:
    """Attack the people behind a synthetic table, and as many held-out people who cannot be behind it.

    The three risks are those of the Article 29 Working Party (Opinion 05/2014 on anonymisation
    techniques). What an attack gains from held-out people as well follows from what is true of
    everybody; only the rest is disclosed.

    singling_out         The attacker claims that just one person lies within half the distance from a
                         synthetic row to the next one. How much more often that holds of members.
    linkability          The attacker has two halves of the columns, and scores which halves belong to one
                         person, by trees that learned it from the synthetic table. Gain in ROC AUC.
    attribute_inference  The attacker knows all but one column, and has trees guess it that learned it from
                         the synthetic table: a level, or the tenth that a number lies in. Gain in hits, for
                         each of some columns.
    density_membership   The attacker compares how near the synthetic and how near other real rows come to a
                         person (after DOMIAS, van Breugel et al. 2023). ROC AUC of telling members.
    worst_group          The same within groups: levels of columns that have few, and the most isolated
                         tenth of all people.

    Parameters
    ----------
    real, synthetic, holdout : pandas.DataFrame
        Tidy frames with the same columns. At most ``MOST_ROWS`` rows of each are used, as many real as
        held-out ones.
    seed : int
        Seed of rows, columns and trees.

    Returns
    -------
    list of Attack
        Empty with fewer than ``FEWEST_ROWS`` rows of a table or fewer than two columns.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real, fresh, holdout = (pd.DataFrame(rng.normal(size=(400, 3)), columns=list("abc")) for _ in "123")
    >>> copied = {attack.risk: attack for attack in attacks(real, real, holdout)}
    >>> bool(copied["linkability"].low > 0.2), bool(copied["density_membership"].low > 0.9)
    (True, True)
    >>> bool(attacks(real, fresh, holdout)[0].low < 0.02)
    True
    """
    rows = min(len(real), len(holdout), MOST_ROWS)
    if min(rows, len(synthetic)) < FEWEST_ROWS or real.shape[1] < 2:
        return []
    rng = np.random.default_rng(seed)
    members, others = (frame.sample(rows, random_state=rng) for frame in (real, holdout))
    known = synthetic.sample(min(len(synthetic), MOST_ROWS), random_state=rng)
    near, far, own = places(real, members, others, known)
    three = tuple(for_trees(numbers(frame)) for frame in (known, members, others))
    return [
        _singling_out(near, far, own),
        _linkability(three, rng),
        *_attribute_inference(real, known, members, others, three, rng),
        *_membership(near, far, own, members, others),
    ]


def _singling_out(near: np.ndarray, far: np.ndarray, own: np.ndarray) -> Attack:
    reach = _distances(own, own, 2)[:, 1] / 2
    hits = []
    for people in (near, far):
        first, second = _distances(people, own, 2).T
        hits.append(((first <= reach) & (reach < second)).astype(float))
    gain = hits[0] - hits[1]  # of the same claims: a paired difference
    value, error = float(gain.mean()), float(gain.std(ddof=1) / len(gain) ** 0.5)
    rates = float(hits[0].mean()), float(hits[1].mean())
    return Attack("singling_out", "", *rates, value, *around(value, error, (-1, 1)))


def _linkability(three: tuple[np.ndarray, ...], rng: np.random.Generator) -> Attack:
    known, members, others = three
    columns = known.shape[1]
    second = np.isin(np.arange(columns), rng.permutation(columns)[: columns // 2])

    def pairs(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows as they are and with their second halves exchanged, and which is which."""
        mixed = np.where(second, np.roll(table, 1, axis=0), table)  # rows are in random order
        return np.concatenate([table, mixed]), np.arange(2 * len(table)) < len(table)

    trees = _trees(rng).fit(*pairs(known))
    (inner, inner_error), (outer, outer_error) = (
        roc_auc(right, trees.predict_proba(table)[:, 1]) for table, right in map(pairs, (members, others))
    )
    interval = around(inner - outer, (inner_error**2 + outer_error**2) ** 0.5, (-1, 1))
    return Attack("linkability", "", inner, outer, inner - outer, *interval)


def _attribute_inference(
    real: pd.DataFrame,
    known: pd.DataFrame,
    members: pd.DataFrame,
    others: pd.DataFrame,
    three: tuple[np.ndarray, ...],
    rng: np.random.Generator,
) -> list[Attack]:
    secrets = rng.permutation(real.shape[1])[:SECRETS]
    found = []
    for place in secrets:
        name = real.columns[place]
        told, inner, outer = (_cells(real[name], frame[name]) for frame in (known, members, others))
        if len(np.unique(told)) < 2:
            continue
        rest = [np.delete(table, place, axis=1) for table in three]
        trees = _trees(rng).fit(rest[0], told)
        hits = [(trees.predict(x) == y).astype(float) for x, y in zip(rest[1:], (inner, outer), strict=True)]
        rates = [float(hit.mean()) for hit in hits]
        error = sum(rate * (1 - rate) / len(inner) for rate in rates) ** 0.5
        gain = rates[0] - rates[1]
        interval = around(gain, error * _widened(len(secrets)), (-1, 1))
        found.append(Attack("attribute_inference", str(name), rates[0], rates[1], gain, *interval))
    return found


def _membership(
    near: np.ndarray, far: np.ndarray, own: np.ndarray, members: pd.DataFrame, others: pd.DataFrame
) -> list[Attack]:
    half = len(far) // 2
    reference, people = far[:half], np.concatenate([near[:half], far[half : 2 * half]])
    table = pd.concat([members[:half], others[half : 2 * half]])
    member = np.arange(2 * half) < half
    apart, synthetic = _distances(reference, people, 1)[:, 0], _distances(own, people, 1)[:, 0]
    marks = np.log(apart + 1e-9) - np.log(synthetic + 1e-9)
    area, error = roc_auc(member, marks)
    found = [Attack("density_membership", "", NAN, NAN, area, *around(area, error, (0, 1)))]
    groups = {"the most isolated": apart >= np.quantile(apart, 1 - LONELY)}
    for name in table:
        if table[name].nunique() <= GROUP_LEVELS:
            shown = table[name].astype(object)
            groups |= {f"{name}: {level}": (shown == level).to_numpy() for level in shown.dropna().unique()}
    large = {
        text: group
        for text, group in groups.items()
        if min((member & group).sum(), (~member & group).sum()) >= FEWEST_ROWS
    }
    for text, group in large.items():
        area, error = roc_auc(member[group], marks[group])
        interval = around(area, error * _widened(len(large)), (0, 1))
        found.append(Attack("worst_group", text, NAN, NAN, area, *interval))
    return found


def _trees(rng: np.random.Generator) -> ExtraTreesClassifier:
    """Return trees that learn every row by heart: what a table gives away of single rows, they tell."""
    return ExtraTreesClassifier(TREES, max_features=0.5, random_state=int(rng.integers(2**31)))


def _cells(real: pd.Series, values: pd.Series) -> np.ndarray:
    """Return levels or tenths of the real column as whole numbers, -1 where missing."""
    told = number(values)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return np.nan_to_num(told, nan=-1).astype(int)
    present = number(real.dropna())
    cuts = np.unique(np.quantile(present, np.linspace(0, 1, BINS + 1)[1:-1])) if len(present) else present
    return np.where(np.isnan(told), -1, np.searchsorted(cuts, told, side="right"))


def _distances(people: np.ndarray, asked: np.ndarray, count: int) -> np.ndarray:
    """Return the distances of rows to their nearest ones among people, shape ``(rows, count)``."""
    return NearestNeighbors(n_neighbors=count, algorithm="brute").fit(people).kneighbors(asked)[0]


def _widened(tests: int) -> float:
    """Return by how much intervals widen so that all of several hold at once (Bonferroni)."""
    return float(norm.ppf(1 - 0.025 / max(tests, 1)) / norm.ppf(0.975))
