"""`TabularGAN` keeps the estimator protocol of scikit-learn."""

import pytest
from sklearn.base import clone
from sklearn.utils import estimator_checks

from tabgen import DifferentialPrivacy, TabularGAN

# Left out are the checks that fit: they pass numpy arrays, but a table needs column labels and dtypes.
CHECKS = [
    "check_parameters_default_constructible",
    "check_no_attributes_set_in_init",
    "check_get_params_invariance",
    "check_set_params",
    "check_estimator_repr",
    "check_estimator_cloneable",
    "check_valid_tag_types",
]
PARAMETERS = {
    "model": "vae",
    "epochs": 3,
    "batch_size": 32,
    "max_minutes": 1.5,
    "learning_rate": 1e-3,
    "latent_dim": 4,
    "relations": (),
    "protection": None,
    "privacy": DifferentialPrivacy(2.0),
    "random_state": 7,
    "verbose": True,
}


@pytest.mark.parametrize("name", [name for name in CHECKS if hasattr(estimator_checks, name)])
def test_scikit_learn_check(name):
    getattr(estimator_checks, name)("TabularGAN", TabularGAN())


def test_parameters_come_back_as_they_were_given():
    assert TabularGAN(**PARAMETERS).get_params() == PARAMETERS
    assert TabularGAN().set_params(**PARAMETERS).get_params() == PARAMETERS


def test_positional_and_unknown_parameters_are_refused():
    with pytest.raises(TypeError, match="positional"):
        TabularGAN(3)
    with pytest.raises(ValueError, match="Invalid parameter 'layers'"):
        TabularGAN().set_params(layers=3)


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(TabularGAN(epochs=3, random_state=0)) == "TabularGAN(epochs=3, random_state=0)"


def test_clone_keeps_parameters_and_leaves_what_was_fitted(fitted):
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert [name for name in vars(copy) if name.endswith("_")] == []


def test_fit_names_the_columns(fitted, people):
    assert fitted.feature_names_in_.tolist() == list(people)
    assert fitted.n_features_in_ == people.shape[1]
