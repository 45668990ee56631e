"""Level numbers to codes and back: frequent levels keep a code of their own, rare ones share codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from sklearn.decomposition import TruncatedSVD

MAX_CODES = 1_000  # up to here every level has its own code
OWN_CODES = 500  # beyond, this many frequent levels keep theirs ...
SHARED_CODES = 250  # ... and the rest share these, likes with likes


@dataclass(frozen=True)
class CategoricalCodec:
    """A level as one code, a missing value as the last code.

    Attributes
    ----------
    code_of_level : numpy.ndarray
        Code of each level, shape ``(levels,)``.
    weight_of_level : numpy.ndarray
        Training frequency of each level, shape ``(levels,)``; decides between levels of one code.
    ordered : bool
        Whether neighbouring levels mean neighbouring values.
    missing : bool
        Whether the last code stands for a missing value.
    """

    code_of_level: np.ndarray
    weight_of_level: np.ndarray
    ordered: bool
    missing: bool

    @property
    def cardinality(self) -> int:
        """Number of codes, the missing one included."""
        return int(self.code_of_level.max()) + 1 + self.missing

    def encode(self, levels: np.ndarray) -> np.ndarray:
        """Return the code of each level number (-1 for missing): int32, shape ``(rows,)``."""
        return np.where(levels < 0, self.cardinality - 1, self.code_of_level[levels]).astype(np.int32)

    def decode(self, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a level number for each code, -1 for missing.

        Where levels share a code, one is drawn by training frequency.
        """
        order = np.argsort(self.code_of_level, kind="stable")
        heap = np.concatenate([[0.0], np.cumsum(self.weight_of_level[order])])
        first = np.searchsorted(self.code_of_level[order], np.arange(self.cardinality - self.missing))
        stop = np.append(first[1:], len(order))
        code = np.minimum(codes, len(first) - 1)
        aim = heap[first[code]] + rng.random(len(codes)) * (heap[stop[code]] - heap[first[code]])
        drawn = np.searchsorted(heap, aim, side="right") - 1
        drawn = np.clip(drawn, first[code], stop[code] - 1)  # the aim may round up to the next code
        return np.where(codes >= len(first), -1, order[drawn])


def fit_categorical(
    levels: np.ndarray, n_levels: int, *, ordered: bool, context: np.ndarray | None = None
) -> CategoricalCodec:
    """Learn the codes of a column.

    Parameters
    ----------
    levels : numpy.ndarray
        Level number of each row, shape ``(rows,)``, -1 for missing.
    n_levels : int
        Number of levels, unseen ones included; those get the code of their neighbour and weight 0.
    ordered : bool
        Whether levels are in a meaningful order.
    context : numpy.ndarray, optional
        Codes of the other columns, shape ``(rows, tokens)``. With more than ``MAX_CODES`` levels,
        rare levels that go together with the same context share a code.

    Returns
    -------
    CategoricalCodec

    Examples
    --------
    >>> codec = fit_categorical(np.array([2, 0, 2, -1]), 3, ordered=False)
    >>> codec.encode(np.array([2, 0, -1])).tolist()
    [1, 0, 2]
    >>> codec.decode(np.array([1, 0, 2]), np.random.default_rng(0)).tolist()
    [2, 0, -1]
    """
    seen = levels >= 0
    weights = np.bincount(levels[seen], minlength=n_levels).astype(np.float64)
    codes = np.maximum(np.cumsum(weights > 0) - 1, 0)  # unseen levels lean on their neighbour
    if codes[-1] >= MAX_CODES and ordered:
        codes = np.floor((np.cumsum(weights) - weights / 2) / weights.sum() * MAX_CODES)
        codes = np.unique(codes, return_inverse=True)[1]
    elif codes[-1] >= MAX_CODES:
        codes = _share_codes(levels[seen], weights, None if context is None else context[seen])
    return CategoricalCodec(codes.astype(np.int64), weights, ordered, bool((~seen).any()))


def _share_codes(levels: np.ndarray, weights: np.ndarray, context: np.ndarray | None) -> np.ndarray:
    """Give frequent levels their own code and let rare levels that behave alike share one."""
    by_weight = np.argsort(-weights, kind="stable")
    rare = by_weight[OWN_CODES:]
    profile = np.zeros((len(rare), 1)) if context is None else _profiles(levels, weights, context)[rare]
    codes = np.empty(len(weights), dtype=np.int64)
    codes[by_weight[:OWN_CODES]] = np.arange(OWN_CODES)
    codes[rare] = OWN_CODES + _halve(profile, weights[rare] + 1e-9, SHARED_CODES)
    return np.unique(codes, return_inverse=True)[1]


def _profiles(levels: np.ndarray, weights: np.ndarray, context: np.ndarray) -> np.ndarray:
    """Describe each level by the company it keeps: the leading components of its co-occurrences."""
    rows = np.arange(len(levels))
    member = scipy.sparse.csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (levels, rows)), (len(weights), len(rows))
    )
    offsets = np.concatenate([[0], np.cumsum(context.max(axis=0) + 1)])
    flat = (context + offsets[:-1]).ravel()
    company = scipy.sparse.csr_matrix(
        (np.ones(flat.size, dtype=np.float32), (np.repeat(rows, context.shape[1]), flat)),
        (len(rows), offsets[-1]),
    )
    together = member @ company
    share = np.asarray(together.sum(axis=0)).ravel() / max(together.sum(), 1)
    scaled = scipy.sparse.diags(1 / (weights + 1)) @ together @ scipy.sparse.diags(1 / np.sqrt(share + 1e-12))
    width = min(8, scaled.shape[1] - 1)
    if width < 1:
        return np.zeros((len(weights), 1))
    return TruncatedSVD(width, random_state=0).fit_transform(scaled)


def _halve(points: np.ndarray, weights: np.ndarray, groups: int) -> np.ndarray:
    """Cut points into groups of about equal weight, halving along the widest direction."""
    label = np.zeros(len(points), dtype=np.int64)
    pending = [(np.arange(len(points)), 0, groups)]
    while pending:
        members, first, count = pending.pop()
        label[members] = first
        if count == 1 or len(members) < 2:
            continue
        axis = int(np.ptp(points[members], axis=0).argmax())
        members = members[np.argsort(points[members, axis], kind="stable")]
        heap = np.cumsum(weights[members])
        left = count // 2
        cut = int(np.clip(np.searchsorted(heap, heap[-1] * left / count), 1, len(members) - 1))
        pending += [(members[:cut], first, left), (members[cut:], first + left, count - left)]
    return label
