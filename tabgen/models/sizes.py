"""A layout and rows of codes to the sizes of an autoencoder, so that it can be built again from JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tabgen.encoding.layout import Layout
from tabgen.models.crosses import Crosses, keep_used, possible_crosses
from tabgen.models.layers import MANY_TOKENS, CodeSpace
from tabgen.models.loglinear import Parents, choose_parents

WIDEST = 512  # hidden units that many tokens may ask for


@dataclass(frozen=True)
class VAEConfig:
    """Everything that defines the network, so that it can be built again from JSON.

    Attributes
    ----------
    cardinalities, ordered, gates, columns : tuple
        One entry a token: number of codes, whether in order, the token that tells whether it is missing
        (-1 without one), and the running number of its column.
    parents : tuple of tuple of int
        The tokens whose tables each token starts from, see `tabgen.models.loglinear`.
    crosses : tuple of tuple of int
        Tokens that are a parent together; as parents they are numbered after the tokens.
    causal : bool
        Whether the decoder draws token after token, each seeing those before it; without, what tokens
        have in common comes from the latent and from parents' tables only.
    latent_dim : int
        Width of the latent; 0 leaves it out.
    width, depth, embedding, context : int
        Sizes of the decoder, of token embeddings and of the context vector.
    dropout : float
        Share of hidden units dropped in training.
    beta : float
        Weight of the Kullback-Leibler term.
    evidence_rate : float
        Share of training rows that show a random subset of columns as evidence.
    seed : int
        Seed of initial weights, dropout, evidence and latent draws.
    """

    cardinalities: tuple[int, ...]
    ordered: tuple[bool, ...]
    gates: tuple[int, ...]
    columns: tuple[int, ...]
    parents: Parents
    crosses: Crosses = ()
    causal: bool = True
    latent_dim: int = 16
    width: int = 256
    depth: int = 3
    embedding: int = 16
    context: int = 128
    dropout: float = 0.125
    beta: float = 1.0
    evidence_rate: float = 0.5
    seed: int = 0

    @property
    def space(self) -> CodeSpace:
        """Where the codes stand."""
        return CodeSpace(self.cardinalities, self.ordered, self.gates, self.crosses)

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> VAEConfig:
        """Return the sizes that JSON holds, in which tuples have become lists."""
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in facts.items()}
        nested = {name: tuple(map(tuple, facts[name])) for name in ("parents", "crosses")}
        return cls(**{**plain, **nested})


def vae_config(layout: Layout, codes: np.ndarray, latent_dim: int, seed: int) -> VAEConfig:
    """Choose the sizes of the network for a table.

    Parameters
    ----------
    layout : Layout
        The tokens.
    codes : numpy.ndarray
        The training rows, shape ``(rows, tokens)``.
    latent_dim : int
        Width of the latent.
    seed : int
        Seed of all random draws in training.
    """
    rows, tokens = codes.shape
    sizes = tuple(int(size) for size in layout.cardinalities)
    possible = possible_crosses(layout.families, sizes, rows)
    space = CodeSpace(sizes, tuple(token.ordered for token in layout.tokens), layout.gates, possible)
    parents, crosses = keep_used(choose_parents(codes, space), possible)
    width = 64 if rows < 1_000 else 128 if rows < 3_000 else 256 if rows < 50_000 and tokens <= 40 else 512
    return VAEConfig(
        cardinalities=space.cardinalities,
        ordered=space.ordered,
        gates=space.gates,
        columns=tuple(int(column) for column in layout.column_index),
        parents=parents,
        crosses=crosses,
        latent_dim=latent_dim,
        # every degree needs units of its own, as far as the cost allows
        width=max(width, min(4 * tokens, WIDEST), tokens),
        embedding=16 if tokens <= MANY_TOKENS else 8,
        seed=seed,
    )
