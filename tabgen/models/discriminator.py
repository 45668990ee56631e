"""Real and generated rows of codes to boosted trees that tell how much likelier a row is to be real."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from tabgen.models.training import Stage
from tabgen.threads import one_thread

LEARNING_RATE = 0.15
LEAVES = 31
LEAST_ROWS = 20  # of a leaf: trees so coarse cannot single out a training row
TREES = 100
STEP = 10  # trees between two entries of the history
SURE = 2.0  # standard errors above chance from which held-out rows can be told apart


@keras.saving.register_keras_serializable("tabgen")
class TreeDiscriminator(keras.layers.Layer):
    """Boosted trees as arrays, so that they live in a Keras model and its file.

    Parameters
    ----------
    nodes, trees : int
        Number of nodes of all trees and number of trees.
    """

    def __init__(self, nodes: int, trees: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.nodes, self.trees = nodes, trees
        self.token = self._add("token", nodes)
        self.threshold = self._add("threshold", nodes)
        self.left = self._add("left", nodes)  # child for codes up to the threshold, -1 in a leaf
        self.right = self._add("right", nodes)
        self.value = self._add("value", nodes, "float32")  # of a leaf, in nats
        self.roots = self._add("roots", trees)
        self.bias = self._add("bias", 1, "float32")
        self.built = True

    def _add(self, name: str, size: int, dtype: str = "int32") -> keras.Variable:
        return self.add_weight(shape=(size,), initializer="zeros", dtype=dtype, trainable=False, name=name)

    def get_config(self) -> dict[str, Any]:
        """Return what ``from_config`` needs to build the same layer."""
        return {"nodes": self.nodes, "trees": self.trees}

    def log_ratio(self, codes: np.ndarray) -> np.ndarray:
        """Return log p(real row) - log p(generated row) of each row, as far as the trees can tell.

        Parameters
        ----------
        codes : numpy.ndarray
            Shape ``(rows, tokens)``.

        Returns
        -------
        numpy.ndarray
            float64, shape ``(rows,)``, in nats.
        """
        tokens = np.ascontiguousarray(codes.T)
        token, threshold, left, right, value, roots = (
            np.asarray(array)
            for array in (self.token, self.threshold, self.left, self.right, self.value, self.roots)
        )
        scores = np.full(len(codes), float(np.asarray(self.bias)[0]))
        everyone = np.arange(len(codes))
        waiting = [(int(root), everyone) for root in roots]
        while waiting:
            node, rows = waiting.pop()
            if left[node] < 0:
                scores[rows] += value[node]
            elif len(rows):
                low = tokens[token[node]][rows] <= threshold[node]
                waiting += (int(left[node]), rows[low]), (int(right[node]), rows[~low])
        return scores


def tree_layer(fitted: HistGradientBoostingClassifier, codes: np.ndarray) -> TreeDiscriminator:
    """Return fitted trees as a layer.

    Parameters
    ----------
    fitted : HistGradientBoostingClassifier
        Trees fitted on codes as numbers.
    codes : numpy.ndarray
        A few rows to check the layer by, shape ``(rows, tokens)``.

    Raises
    ------
    RuntimeError
        If the layer and the trees judge the rows differently.
    """
    trees = [predictors[0].nodes for predictors in fitted._predictors]
    starts = np.cumsum([0, *map(len, trees)])
    nodes = np.concatenate(trees)
    shift = np.repeat(starts[:-1], np.diff(starts))
    inner = nodes["is_leaf"] == 0
    layer = TreeDiscriminator(len(nodes), len(trees))
    layer.token.assign(np.where(inner, nodes["feature_idx"], 0))
    layer.threshold.assign(np.where(inner, np.floor(np.minimum(nodes["num_threshold"], 2.0**30)), 0))
    layer.left.assign(np.where(inner, nodes["left"] + shift, -1))
    layer.right.assign(np.where(inner, nodes["right"] + shift, -1))
    layer.value.assign(np.where(inner, 0, nodes["value"]))
    layer.roots.assign(starts[:-1])
    gap = fitted.decision_function(codes) - layer.log_ratio(codes)
    layer.bias.assign([gap.mean()])
    if not np.allclose(gap, gap.mean(), atol=1e-3):
        raise RuntimeError("The trees of this scikit-learn version are laid out in a way tabgen cannot read.")
    return layer


@one_thread
def fit_discriminator(
    real: np.ndarray, held_out: np.ndarray, generated: np.ndarray, fresh: np.ndarray, seed: int
) -> tuple[TreeDiscriminator | None, Stage]:
    """Fit trees that tell real from generated rows, if they can.

    The trees do not learn from held-out rows, which tell whether they tell anything. Leaves hold at least
    ``LEAST_ROWS`` rows, so that the trees describe regions, not rows.

    Parameters
    ----------
    real, held_out : numpy.ndarray
        Codes of training rows, and of rows that told how long to train; the generator learned from both,
        from the latter in its annealing only.
    generated, fresh : numpy.ndarray
        Codes of generated rows to learn from, and of others to judge by.
    seed : int
        Seed of the fit.

    Returns
    -------
    discriminator : TreeDiscriminator or None
        None where held-out rows cannot be told from generated ones better than by chance.
    stage : Stage
        One value every ``STEP`` trees: loss in nats, accuracies on rows not seen.
    """
    began = time.perf_counter()
    judged = np.concatenate([held_out, fresh])
    is_real = np.arange(len(judged)) < len(held_out)
    fitted = _fit(real, generated, seed)
    history: dict[str, list[float]] = {
        name: [] for name in ("trees", "val_loss", "real_accuracy", "generated_accuracy", "seconds")
    }
    best = np.zeros(len(judged))
    for count, scores in enumerate(fitted.staged_decision_function(judged), start=1):
        if count % STEP:
            continue
        right = (scores > 0) == is_real
        history["trees"].append(float(count))
        history["val_loss"].append(_loss(scores, is_real))
        history["real_accuracy"].append(float(right[is_real].mean()))
        history["generated_accuracy"].append(float(right[~is_real].mean()))
        history["seconds"].append(time.perf_counter() - began)
        if history["val_loss"][-1] <= min(history["val_loss"]):
            best = scores.ravel()
    spread = np.sqrt((1 / max(len(held_out), 1) + 1 / max(len(fresh), 1)) / 12)  # of an AUC at chance
    if roc_auc_score(is_real, best) < 0.5 + SURE * spread:
        return None, Stage("discriminator", history, "held-out rows cannot be told: not needed")
    return tree_layer(fitted, judged[:1_000]), Stage("discriminator", history, "guides sampling")


def _fit(real: np.ndarray, generated: np.ndarray, seed: int) -> HistGradientBoostingClassifier:
    """Fit trees to both sides, each with the same total weight."""
    codes = np.concatenate([real, generated])
    is_real = np.arange(len(codes)) < len(real)
    weights = np.where(is_real, 1.0, len(real) / len(generated))
    fitted = HistGradientBoostingClassifier(
        learning_rate=LEARNING_RATE, max_iter=TREES, max_leaf_nodes=LEAVES, min_samples_leaf=LEAST_ROWS,
        l2_regularization=1.0, early_stopping=False, random_state=seed,
    )  # fmt: skip
    return fitted.fit(codes, is_real, sample_weight=weights)


def _loss(scores: np.ndarray, is_real: np.ndarray) -> float:
    """Return the mean log loss of both sides, in nats: 0.693 is chance."""
    losses = np.logaddexp(0, np.where(is_real, -scores.ravel(), scores.ravel()))
    return float((losses[is_real].mean() + losses[~is_real].mean()) / 2)
