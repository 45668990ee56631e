"""The public names are exactly these, and they cost nothing before they are used."""

import subprocess
import sys
from pathlib import Path

import pytest

import tabgen

ROOT = Path(__file__).parents[1]
NAMES = {
    "Column",
    "ConditionError",
    "DifferentialPrivacy",
    "KeyRefused",
    "MissingExtra",
    "ModelFileError",
    "PlanError",
    "Protection",
    "SQLQuery",
    "Schema",
    "SchemaError",
    "TabgenError",
    "TableError",
    "TabularGAN",
    "TrainingDiverged",
    "__version__",
    "infer_relations",
    "infer_schema",
    "propose_plan",
    "substitute",
}


def test_the_public_names_are_exactly_these():
    assert len(tabgen.__all__) == len(NAMES)
    assert set(tabgen.__all__) == set(dir(tabgen)) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES - {"__version__"}))
def test_a_public_name_is_documented(name):
    thing = getattr(tabgen, name)
    assert thing.__name__ == name
    assert thing.__module__.startswith("tabgen.")
    assert thing.__doc__


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="module 'tabgen' has no attribute 'nonsense'"):
        _ = tabgen.nonsense


@pytest.mark.parametrize(
    "error", [tabgen.TableError, tabgen.SchemaError, tabgen.ConditionError, tabgen.ModelFileError]
)
def test_an_error_is_a_tabgen_error_and_a_value_error(error):
    assert issubclass(error, tabgen.TabgenError)
    assert issubclass(error, ValueError)


def test_import_alone_loads_nothing_heavy():
    code = (
        "import sys, tabgen, tabgen.cli; "
        "print(*{'tensorflow', 'keras', 'pandas', 'numpy', 'sklearn', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
