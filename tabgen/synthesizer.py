"""`TabularGAN`: a real table in, a fitted model, and synthetic tables of the same look out."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from tabgen.answers import Answers
from tabgen.balancing import Shares, balanced_rows
from tabgen.cleaning import clean
from tabgen.conditions import Where, read_conditions
from tabgen.copyguard import keep_apart
from tabgen.drawing import Asked, draw_asked, draw_free, keep_cells, read_known
from tabgen.encoding import fit_encoder
from tabgen.errors import ModelFileError
from tabgen.identifiers import fit_identifiers
from tabgen.inference import infer_schema
from tabgen.learning import learn, plan_learning
from tabgen.modelfile import FittedParts, load_parts, save_parts
from tabgen.privacy import DifferentialPrivacy
from tabgen.private_fit import fit_privately
from tabgen.protection import Protection, protect
from tabgen.relations import Predicate, Relation, find_relations, learn_relations
from tabgen.schema import Schema
from tabgen.settings import check_seed, is_whole
from tabgen.tables import gather_table
from tabgen.trial import try_out

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from tabgen.evaluation import Scorecard

Source: TypeAlias = "pd.DataFrame | str | os.PathLike[str] | Iterable[pd.DataFrame]"


class TabularGAN(Answers):
    """A generator of synthetic tables that look, behave and model like a real one.

    The table is cleaned, every column is encoded as small categorical tokens, a conditional
    generative Keras model is trained on them, and its samples are decoded to the same columns, dtypes
    and look. No training row is stored in the model.

    Parameters
    ----------
    model : {"vae-gan", "vae", "gan"}, default="vae-gan"
        A variational autoencoder that draws token after token ("vae"); the same with a discriminator that
        chooses among its draws ("vae-gan"); a generator of latents trained against a critic, and the same
        kind of discriminator ("gan").
    epochs : int or "auto", default="auto"
        Rounds of training, each a pass over the rows (25 to 250 optimizer steps); "auto" trains until
        held-out rows gain no more.
    batch_size : int or "auto", default="auto"
        Rows in one optimizer step.
    max_minutes : float, optional
        Time budget of training; it ends in good order within it.
    learning_rate : float, default=2e-3
        Peak learning rate of AdamW.
    latent_dim : int, default=16
        Width of the latent; 0 leaves it out.
    relations : "auto" or sequence of Relation, default="auto"
        Rules between columns that every sampled row keeps; "auto" finds those that hold in all rows of
        the training table.
    protection : {"auto", "strict"} or Protection, optional
        How rare values are kept from the model, see `tabgen.protection.Protection`; "auto" from 100 rows on.
    privacy : DifferentialPrivacy, optional
        A budget for all that is learned of the rows: `DifferentialPrivacy` says how, and what else it
        changes. ``relations="auto"`` then finds none, and "vae-gan" is its "vae" without a latent.
    random_state : int, optional
        Seed of training; an int repeats exactly, None takes fresh entropy.
    verbose : bool, default=False
        Whether to show progress on standard error.

    Attributes
    ----------
    schema_ : Schema
        What each column is.
    relations_ : tuple of Relation
        Rules between columns, as learned.
    encoder_ : TableEncoder
        How columns become tokens.
    identifiers_ : dict
        Generators of fresh keys and personal data, which are never learned.
    protection_ : ProtectionLog
        What was done to protect rare values.
    model_ : keras.Model or None
        The trained model; None where no column varies.
    history_ : pandas.DataFrame
        One row an epoch of each stage: loss terms, validation, two-sample score, accuracy of the
        discriminator on held-out real and on generated rows, learning rate, seconds of the stage; the last
        row of a stage says why it ended.
    spending_ : Spending or None
        What a private fit released and spent.
    feature_names_in_ : numpy.ndarray
        Labels of the columns.
    n_features_in_ : int
        Number of columns.

    Examples
    --------
    >>> import pandas as pd
    >>> from tabgen import TabularGAN
    >>> people = pd.DataFrame({"age": [31, 45, 28, 62] * 20, "smokes": ["no", "yes", "no", "no"] * 20})
    >>> gan = TabularGAN(epochs=2, random_state=0).fit(people)
    >>> fake = gan.sample(100, seed=1)
    >>> fake.shape, fake.dtypes.equals(people.dtypes)
    ((100, 2), True)
    """

    def __init__(
        self,
        *,
        model: str = "vae-gan",
        epochs: int | str = "auto",
        batch_size: int | str = "auto",
        max_minutes: float | None = None,
        learning_rate: float = 2e-3,
        latent_dim: int = 16,
        relations: str | Sequence[Relation] = "auto",
        protection: Protection | str | None = None,
        privacy: DifferentialPrivacy | None = None,
        random_state: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.model = model
        self.epochs = epochs
        self.batch_size = batch_size
        self.max_minutes = max_minutes
        self.learning_rate = learning_rate
        self.latent_dim = latent_dim
        self.relations = relations
        self.protection = protection
        self.privacy = privacy
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        table: Source,
        y: None = None,
        *,
        schema: Schema | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> TabularGAN:
        """Learn a table.

        Ctrl-C ends training in good order: the best weights so far are kept, `history_` says so, and the
        model can be saved and sampled; a second Ctrl-C stops at once. Where training diverges, it is
        tried once more at a third of the learning rate.

        Parameters
        ----------
        table : pandas.DataFrame, path or iterable of pandas.DataFrame
            The real table; it is not modified. A delimited file is read as text, so that samples
            have its look.
        y : None
            Ignored; there for scikit-learn pipelines.
        schema : Schema, optional
            What the columns are; by default inferred.
        callbacks : sequence of keras.callbacks.Callback
            Passed to Keras.
        checkpoint : path, optional
            A file in which the state of training is kept as it goes, without any row of the table. A fit
            that was killed goes on from there when it is called again with the same table and parameters,
            to the same weights on the same kind of machine; ``random_state=None`` then keeps its seed. The
            file is deleted when training has ended by itself.

        Returns
        -------
        TabularGAN
            The estimator itself.

        Raises
        ------
        TableError
            If the table cannot be read or used.
        SchemaError
            If a column is of no kind that tabgen knows, or a relation does not hold.
        TrainingDiverged
            If the loss is no longer a finite number, at the lower rate neither.
        ModelFileError
            If the checkpoint is of another fit, or damaged.
        """
        plan = plan_learning(self, callbacks, checkpoint)
        source = gather_table(table)
        if self.privacy is not None:
            return self._take(fit_privately(self.get_params(), source, schema, callbacks))
        frame, self.dialect_, self.spending_ = source.frame, source.dialect, None
        schema = infer_schema(frame) if schema is None else schema
        tidy = clean(frame, schema)
        own = find_relations(tidy) if isinstance(self.relations, str) else self.relations
        rules = learn_relations(own, tidy)
        for rule in rules:
            if isinstance(rule, Predicate):
                rule.check(frame)
        safe = protect(tidy, schema, rules, self.protection, plan.seed)
        self.schema_, self.relations_, self.protection_ = safe.schema, safe.relations, safe.log
        self.identifiers_ = fit_identifiers(frame, self.schema_, safe.fewest)
        self.encoder_ = fit_encoder(safe.related, safe.support)
        self.model_, self.history_ = learn(plan, self.encoder_, safe.related)
        self._name_features()
        return self

    def sample(
        self,
        n: int | None = None,
        *,
        where: Where | pd.DataFrame | None = None,
        rebalance: Shares | None = None,
        real: pd.DataFrame | None = None,
        min_distance: float = 0.01,
        seed: int | None = None,
        stratified: bool = True,
    ) -> pd.DataFrame:
        """Draw synthetic rows, all of which hold what is asked of them.

        Parameters
        ----------
        n : int
            Number of rows; with a table of conditions it can be left out.
        where : str, mapping or pandas.DataFrame, optional
            Conditions on any columns. A line of text such as
            ``"age >= 40 and city in ('Paris', 'Rome') and spouse is null"``; a mapping from columns to a
            value, a list of values, a `pandas.Interval`, or None for a missing value; or a table with one
            row of known values for each row to draw, missing where nothing is known. A missing value
            satisfies no comparison, as in SQL.
        rebalance : label or mapping, optional
            A column, all levels of which shall be as frequent; or for some columns the share of each level,
            as in ``{"churn": {"yes": 0.5, "no": 0.5}}``.
        real, min_distance : pandas.DataFrame, optional, and float, default=0.01
            A table, by custom that of training, to no row of which a drawn one may be nearer than this
            share of its own rows are to each other (`tabgen.copyguard`); rows that are, are drawn again.
        seed : int, optional
            Seed of the draws: an int repeats exactly, None takes fresh entropy.
        stratified : bool, default=True
            Whether frequencies over the whole sample should vary less than those of independent rows.
            Every row follows the model's law either way; stratified rows are negatively dependent.

        Returns
        -------
        pandas.DataFrame
            ``n`` rows with the columns, order and dtypes of the training table and a fresh index.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit`.
        SchemaError
            If a relation leaves no room for as many rows.
        ConditionError
            If a condition cannot be read, or nothing like it was in the training table.
        ValueError
            If ``n`` or ``seed`` is negative or not a whole number.

        Examples
        --------
        >>> people = pd.DataFrame({"age": [31, 45, 28, 62] * 20, "smokes": ["no", "yes", "no", "no"] * 20})
        >>> gan = TabularGAN(epochs=2, random_state=0).fit(people)
        >>> gan.sample(50, where="age between 30 and 50", seed=0)["age"].between(30, 50).all()
        np.True_
        >>> gan.sample(50, rebalance="smokes", seed=0)["smokes"].value_counts().tolist()
        [25, 25]
        """
        check_is_fitted(self, "schema_")
        check_seed(seed)
        parts = self._parts() if real is None else keep_apart(self._parts(), real, min_distance)
        if isinstance(where, pd.DataFrame):
            if rebalance is not None:
                raise ValueError(
                    "rebalance cannot go with a table of conditions. Put the levels into the table."
                )
            return self._sample_given(where, n, seed, parts)
        if not is_whole(n):
            raise ValueError(f"n must be a whole number of rows, 0 or more, but is {n!r}.")
        rows, source = int(n or 0), np.random.SeedSequence(seed)
        conditions = {} if where is None else read_conditions(where, self.schema_)
        if rebalance is not None:
            known = read_known(balanced_rows(rebalance, rows, parts, source), parts)
            return draw_asked(parts, rows, Asked(conditions, known), source)
        if conditions:
            return draw_asked(parts, rows, Asked(conditions), source)
        return draw_free(parts, rows, source, stratified=stratified)

    def _sample_given(
        self, table: pd.DataFrame, n: int | None, seed: int | None, parts: FittedParts
    ) -> pd.DataFrame:
        """Draw one row for each row of conditions."""
        if n is not None and n != len(table):
            raise ValueError(f"n is {n!r}, but there are {len(table):,} rows of conditions. Leave n out.")
        known = read_known(table, parts)
        drawn = draw_asked(parts, len(table), Asked({}, known), np.random.SeedSequence(seed))
        return keep_cells(drawn, table, self.schema_)

    def save(self, path: str | os.PathLike[str], *, force: bool = True) -> None:
        """Write the fitted model to one file.

        The file is a zip of JSON, arrays and Keras weights; it holds no training rows and no pickle.

        Parameters
        ----------
        path : path
            Where to; by custom a name that ends in ``.tabgen``.
        force : bool, default=True
            Whether to replace an existing file.
        """
        check_is_fitted(self, "schema_")
        save_parts(self._parts(), path, force=force)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TabularGAN:
        """Read a fitted model from a file.

        Parameters
        ----------
        path : path
            A file that `save` wrote.

        Returns
        -------
        TabularGAN

        Raises
        ------
        ModelFileError
            If the file is absent, damaged, changed or of another version.
        """
        parts = load_parts(path)
        try:
            gan = cls(**parts.parameters)
        except TypeError as error:
            raise ModelFileError(f"{os.fspath(path)!r} is damaged: {error}.") from error
        try_out(gan._take(parts), path)
        return gan

    def plot_training(self) -> Figure:
        """Draw the training curves: loss terms, validation and learning rate by epoch.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from tabgen.plots import plot_training

        check_is_fitted(self, "schema_")
        return plot_training(self.history_)

    def report(
        self,
        real: Source,
        path: str | os.PathLike[str],
        *,
        n: int | None = None,
        holdout: pd.DataFrame | None = None,
        target: Hashable | None = None,
        seed: int = 0,
        force: bool = True,
    ) -> Scorecard:
        """Sample ``n`` rows, by default as many as ``real`` has, and write how good they are to an HTML file.

        See `tabgen.report.write_report`; the page also shows and reads the training curves.

        Returns
        -------
        Scorecard
        """
        from tabgen.report import write_report

        check_is_fitted(self, "schema_")
        frame = gather_table(real).frame
        drawn = self.sample(len(frame) if n is None else n, seed=seed)
        facts: Any = {"holdout": holdout, "target": target, "history": self.history_, "seed": seed}
        return write_report(frame, drawn, path, **facts, force=force)

    def summary(self) -> str:
        """Say what was learned: the columns and why they were taken so, the rules, the model.

        Returns
        -------
        str
            A table of columns, one of rules with the rows that show each, and a few facts.
        """
        from tabgen.summary import summarize, training_facts

        check_is_fitted(self, "schema_")
        facts = training_facts(self.encoder_, self.model_, self.history_, self.spending_)
        return summarize(self.schema_, self.relations_, facts | self.protection_.facts())
