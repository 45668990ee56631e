"""`TabularGAN`: a real table in, a fitted model, and synthetic tables of the same look out."""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from tabgen.cleaning import clean
from tabgen.encoding import fit_encoder
from tabgen.errors import ModelFileError, SchemaError
from tabgen.gathering import Gathered, Source, gather_table
from tabgen.identifiers import fit_identifiers
from tabgen.inference import infer_schema
from tabgen.learning import learn, plan_learning
from tabgen.modelfile import load_parts, save_parts
from tabgen.privacy import DifferentialPrivacy
from tabgen.private_fit import fit_privately
from tabgen.protection import Protection, protect
from tabgen.relations import Relation, rules_of
from tabgen.sampler import Sampler
from tabgen.schema import Schema
from tabgen.trial import try_out

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

    from tabgen.evaluation import Scorecard


class TabularGAN(Sampler):
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
    learning_rate : float or "auto", default="auto"
        Peak learning rate of AdamW; "auto" is 0.002 for small tables and up to 0.004 for large ones.
    latent_dim : int, default=16
        Width of the latent; 0 leaves it out. ``"gan"`` always has 32.
    relations : "auto" or sequence of Relation, default="auto"
        Rules between columns that every sampled row keeps; "auto" finds those that hold in all rows of
        the training table.
    protection : {"auto", "strict", None} or Protection, default="auto"
        How rare values are kept from the model, see `tabgen.protection.Protection`; "auto" from 100 rows on,
        None learns all of them.
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
        learning_rate: float | str = "auto",
        latent_dim: int = 16,
        relations: str | Sequence[Relation] = "auto",
        protection: Protection | str | None = "auto",
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
        table: Source | Gathered,
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
            have its look. A folder of files, a large file, `SQLQuery` or frames one after the other may be
            bigger than memory: of them an even part of ``7_500_000`` cells is learned, in which no level is
            lacking, and found rules hold in all rows (but for frames that can be gone through only once).
            Of a Dask frame, `tabgen.distributed.gather_distributed` makes one to pass here.
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
        if not isinstance(schema, Schema):
            raise SchemaError(
                f"schema is a {type(schema).__name__}. Pass a Schema, as from infer_schema(table)."
            )
        tidy = clean(frame, schema)
        rules = rules_of(self.relations, (frame, tidy), source.second_look(schema))
        safe = protect(tidy, schema, rules, self.protection, plan.seed)
        self.schema_, self.relations_, self.protection_ = safe.schema, safe.relations, safe.log
        self.identifiers_ = fit_identifiers(frame, self.schema_, safe.fewest)
        self.encoder_ = fit_encoder(safe.related, safe.support)
        self.model_, self.history_ = learn(plan, self.encoder_, safe.related)
        self._name_features()
        return self

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

    def export(self, folder: str | os.PathLike[str], *, force: bool = True) -> None:
        """Write the fitted model for serving: a TensorFlow SavedModel that needs neither Keras nor tabgen.

        Its signature ``serving_default`` takes two int64 scalars, ``n`` and ``seed``, and returns
        ``codes``, int32 of shape ``(n, tokens)``; `tabgen.exporting.decode_exported` makes a table of them.
        The same seed draws the same codes. Rows are independent draws, other ones than those of `sample`;
        nothing can be asked of them.

        Parameters
        ----------
        folder : path
            Where to; beside the graph it holds what decoding needs, but no training rows.
        force : bool, default=True
            Whether to replace an existing export.

        Raises
        ------
        SchemaError
            If a relation is not one of tabgen's own kinds.
        TableError
            If the folder holds anything else or cannot be written, or no column varies.
        """
        from tabgen.exporting import export_parts

        check_is_fitted(self, "schema_")
        export_parts(self._parts(), folder, force=force)

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
