"""`TabularGAN`: samples have the look of the table, seeds repeat exactly, errors say what to do."""

import random
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from pandas.testing import assert_frame_equal
from sklearn.exceptions import NotFittedError

from tabgen import Schema, SchemaError, TableError, TabularGAN
from tabgen.inference import infer_schema
from tabgen.models.adversarial import Contest
from tabgen.profiling import profile

PAIR = ["age", "city"]  # two columns train faster than eleven


@pytest.fixture(scope="module")
def fake(fitted):
    return fitted.sample(1_000, seed=1)


def _global_state():
    return random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002  the one not to touch


@pytest.fixture(scope="module")
def second(people):
    """Return a second fit of the same table, now in chunks, with what was outside before and after it."""
    table, before = people.copy(), _global_state()
    chunks = (table.iloc[start : start + 100] for start in range(0, len(table), 100))
    gan = TabularGAN(epochs=2, random_state=0).fit(chunks)
    sample = gan.sample(200, seed=3)
    return SimpleNamespace(table=table, sample=sample, before=before, after=_global_state())


@pytest.fixture(scope="module")
def watched(people):
    """Return a fit of three epochs, and the epochs that a callback saw."""
    import keras

    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    gan = TabularGAN(model="vae", epochs=3, latent_dim=0, random_state=0).fit(
        people[PAIR], callbacks=[callback]
    )
    return gan, seen


@pytest.mark.parametrize("n", [0, 1, 7, 1_000])
def test_sample_has_n_rows_of_the_same_columns_and_dtypes(fitted, people, n):
    sample = fitted.sample(n, seed=1)
    assert sample.index.equals(pd.RangeIndex(n))
    assert sample.columns.equals(people.columns)
    assert sample.dtypes.equals(people.dtypes)


def test_values_are_missing_only_where_they_were(fake, people):
    assert fake.isna().any().equals(people.isna().any())


@pytest.mark.parametrize("name", ["colour", "size"])
def test_categories_keep_levels_and_order(fake, people, name):
    assert fake[name].cat.categories.equals(people[name].cat.categories)
    assert fake[name].cat.ordered == people[name].cat.ordered
    assert set(fake[name]) == set(people[name])


@pytest.mark.parametrize("name", ["age", "height", "spend", "visits", "joined", "seen"])
def test_values_stay_within_the_bounds_of_the_table(fake, people, name):
    assert people[name].min() <= fake[name].min()
    assert fake[name].max() <= people[name].max()


def test_decimals_are_kept(fake):
    assert fake["spend"].equals(fake["spend"].round(2))


def test_keys_are_fresh_unique_and_of_the_pattern(fake, people):
    assert fake["key"].is_unique
    assert fake["key"].str.fullmatch(r"AB-\d{6}").all()
    assert fake["key"].isin(people["key"]).sum() <= 4  # 0.3 are to be expected by chance


def test_same_seeds_give_identical_frames_from_chunks_and_from_the_whole(fitted, second):
    assert_frame_equal(fitted.sample(200, seed=3), second.sample)


def test_another_seed_or_none_gives_another_sample(fitted):
    frames = [fitted.sample(50, seed=seed) for seed in (1, 2, None, None)]
    assert len({frame.to_csv() for frame in frames}) == 4


def test_stratified_draws_can_be_turned_off(fitted, people):
    independent = fitted.sample(50, seed=1, stratified=False)
    assert independent.dtypes.equals(people.dtypes)
    assert not independent.equals(fitted.sample(50, seed=1))


def test_the_table_is_not_modified(second, people):
    assert_frame_equal(second.table, people)


def test_global_random_state_is_not_touched(second):
    assert second.before == second.after


def test_a_csv_path_gives_samples_of_its_look(people, tmp_path):
    path = tmp_path / "people.csv"
    people[["spend", "visits", "city"]].to_csv(path, index=False, float_format="%.2f")
    fake = TabularGAN(epochs=1, random_state=0).fit(path).sample(100, seed=1)
    assert list(fake) == ["spend", "visits", "city"]
    assert fake["spend"].str.fullmatch(r"\d+\.\d\d").all()
    assert fake["visits"].str.fullmatch(r"\d*").all()
    assert set(fake["city"]) == {"Rome", "Paris", "Oslo", ""}


@pytest.fixture(scope="module")
def levelled(people):
    """Return a fit by a schema that takes a number for levels, all parameters numpy's own numbers."""
    (spend,) = infer_schema(profile([people[["spend"]]])).columns
    schema = Schema((replace(spend, kind="ordinal", levels=tuple(sorted(people["spend"].unique()))),))
    numbers = {"epochs": np.int64(1), "batch_size": np.int32(50), "latent_dim": np.int64(2)}
    gan = TabularGAN(protection=None, random_state=np.int64(0), max_minutes=0.2, **numbers)
    return gan.fit(people[["spend"]], schema=schema), schema


def test_a_given_schema_is_obeyed(levelled, people):
    gan, schema = levelled
    assert gan.schema_ is schema
    assert set(gan.sample(300, seed=1)["spend"]) <= set(people["spend"])  # levels, not numbers


def test_numpy_whole_numbers_are_whole_numbers(levelled, tmp_path):
    gan = levelled[0]
    assert (gan.history_["stage"] == "vae").sum() == 1
    gan.save(tmp_path / "model.tabgen")
    assert TabularGAN.load(tmp_path / "model.tabgen").get_params() == gan.get_params()


def test_a_schema_of_another_table_is_refused(people):
    schema = infer_schema(profile([people[PAIR]]))
    with pytest.raises(SchemaError, match=r"Column 'city' is not in the table. Its columns: \['age'\]"):
        TabularGAN().fit(people[["age"]], schema=schema)


def test_history_has_a_row_an_epoch(watched):
    history = watched[0].history_
    assert history["epoch"].tolist() == [1, 2, 3]
    assert {"loss", "val_loss", "reconstruction", "kl", "learning_rate", "seconds"} <= set(history)
    assert (history[["loss", "reconstruction", "learning_rate"]] > 0).all(axis=None)
    assert (history["val_loss"].dropna() > 0).all()
    assert history["ended"].tolist() == ["", "", "all epochs are done"]
    assert history["seconds"].is_monotonic_increasing


def test_callbacks_see_every_epoch(watched):
    assert watched[1] == [0, 1, 2]


def test_without_a_latent_nothing_is_paid_for_one(watched, people):
    gan = watched[0]
    assert (gan.history_["kl"] == 0).all()
    assert gan.sample(20, seed=1).dtypes.equals(people[PAIR].dtypes)


def test_with_a_latent_its_cost_is_in_the_loss(fitted):
    history = fitted.history_.query("stage == 'vae' and val_loss == val_loss")
    assert (history["kl"] > 0).all()
    np.testing.assert_allclose(
        history["val_loss"], history["val_reconstruction"] + history["val_kl"], rtol=1e-5
    )


@pytest.fixture(scope="module")
def judged():
    """Return a fit of a table that is large enough for a discriminator."""
    rng = np.random.default_rng(0)
    kind = rng.choice(list("abc"), 800)
    table = pd.DataFrame({"kind": kind, "size": rng.normal(size=800) + 3 * (kind == "b")})
    return TabularGAN(epochs=2, random_state=0).fit(table)


def test_plot_training_draws_losses_terms_and_judgements(judged):
    figure = judged.plot_training()
    assert isinstance(figure, Figure)
    titles = [axis.get_title() for axis in figure.axes if axis.get_title()]
    assert titles == [
        "loss (nats a row)",
        "validation terms (nats a row)",
        "learning rate",
        "two-sample score",
        "discriminator's accuracy on held-out rows",
    ]
    assert [text.get_text() for text in figure.axes[0].get_legend().texts] == [
        "training, some columns given",
        "validation",
    ]


def test_a_small_table_has_no_discriminator(fitted):
    assert fitted.model_.discriminator is None
    assert set(fitted.history_["stage"]) == {"vae"}
    assert "two-sample" not in fitted.summary()


@pytest.fixture(scope="module")
def fit_gan(people):
    """Return a function that fits the kind of model with a contest, here a short one."""

    def fit():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tabgen.models.fitting.Contest", partial(Contest, steps_per_epoch=20))
            return TabularGAN(model="gan", epochs=1, random_state=0).fit(people[PAIR])

    return fit


@pytest.fixture(scope="module")
def kinds(watched, fit_gan, judged):
    return {"vae": watched[0], "gan": fit_gan(), "vae-gan": judged}


@pytest.mark.parametrize("kind", ["vae", "gan", "vae-gan"])
def test_every_kind_of_model_samples_and_comes_back(kinds, tmp_path, kind):
    gan = kinds[kind]
    assert gan.model == kind
    fake = gan.sample(60, seed=1)
    gan.save(tmp_path / "model.tabgen")
    assert_frame_equal(TabularGAN.load(tmp_path / "model.tabgen").sample(60, seed=1), fake)


def test_same_seed_same_contest(kinds, fit_gan):
    assert_frame_equal(fit_gan().sample(60, seed=1), kinds["gan"].sample(60, seed=1))


@pytest.mark.parametrize("kind", ["vae", "gan"])
def test_every_kind_of_model_keeps_conditions(people, kinds, kind):
    rows = kinds[kind].sample(300, where="age > 60 and city in ('Rome', 'Paris')", seed=0)
    assert rows.dtypes.equals(people[PAIR].dtypes)
    assert ((rows["age"] > 60) & rows["city"].isin(["Rome", "Paris"])).all()


def test_a_contest_has_no_likelihood(people, kinds):
    with pytest.raises(ValueError, match='model="gan" has no likelihood'):
        kinds["gan"].log_prob(people[PAIR])


def test_summary_tells_architecture_stages_and_scores(judged):
    text = judged.summary()
    for words in ("ConditionalVAE (", " weights)", "stage: vae", "stage: discriminator"):
        assert words in text
    assert "nats a row, of which" in text
    assert "two-sample score" in text


def test_a_tiny_time_budget_ends_training(people):
    gan = TabularGAN(max_minutes=1e-4, random_state=0).fit(people[PAIR])
    assert (
        gan.history_["stage"] == "vae"
    ).sum() <= 3  # "auto" without a budget goes on for 60 epochs and more


COUNT = '"auto" or a whole number from 1 on'
WRONG = [
    *[("model", value, 'one of "vae", "gan" and "vae-gan"') for value in ("ctgan", 3, None)],
    *[("epochs", value, COUNT) for value in (0, 1.5, "many", True, None)],
    *[("batch_size", value, COUNT) for value in (0, "all")],
    *[("max_minutes", value, "None or above 0") for value in (0, -1.0, float("nan"), "five")],
    *[("learning_rate", value, '"auto" or between 0 and 1') for value in (0, 1, "fast")],
    *[("latent_dim", value, "0 or above") for value in (-1, 1.5)],
    *[("random_state", value, "None or a whole number from 0 on") for value in (-1, "dice")],
]


@pytest.mark.parametrize(("name", "value", "rule"), WRONG, ids=[f"{w[0]}={w[1]!r}" for w in WRONG])
def test_wrong_parameters_are_refused(people, name, value, rule):
    with pytest.raises(ValueError, match=rf"^{name} must be .*{rule}.*, but is {value!r}\.$"):
        TabularGAN(**{name: value}).fit(people[PAIR])


@pytest.mark.parametrize("n", [-1, 1.5, "3", True, None])
def test_wrong_numbers_of_rows_are_refused(fitted, n):
    with pytest.raises(ValueError, match=f"^n must be a whole number of rows, 0 or more, but is {n!r}"):
        fitted.sample(n)


def test_a_wrong_seed_is_refused(fitted):
    with pytest.raises(ValueError, match=r"^seed must be None or a whole number from 0 on, but is -1"):
        fitted.sample(3, seed=-1)


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda gan: gan.sample(3), id="sample"),
        pytest.param(lambda gan: gan.save("never.tabgen"), id="save"),
        pytest.param(lambda gan: gan.plot_training(), id="plot_training"),
    ],
)
def test_before_fit_nothing_else_works(use):
    with pytest.raises(NotFittedError, match="TabularGAN instance is not fitted yet"):
        use(TabularGAN())


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param([], "an iterable without a chunk", id="no chunks"),
        pytest.param(
            np.zeros((3, 2)), r"of type ndarray\. Pass .* pandas.DataFrame\(table\) makes", id="array"
        ),
        pytest.param({"a": [1, 2]}, r"of type dict\. Pass a frame: pandas.DataFrame\(table\)", id="mapping"),
        pytest.param(pd.Series([1, 2]), r"of type Series\. Pass a frame: pandas.DataFrame", id="series"),
        pytest.param(None, "Pass a frame, a path or frames", id="None"),
        pytest.param(
            [pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})], "same columns", id="chunks that differ"
        ),
    ],
)
def test_what_is_no_table_is_refused(source, message):
    with pytest.raises(TableError, match=message):
        TabularGAN(epochs=1).fit(source)
