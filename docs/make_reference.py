"""The docstrings of all public names to a reference in HTML.

python docs/make_reference.py FOLDER    needs pip install ".[docs]"
"""

import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pdoc

import tabgen

MODULES = [
    "tabgen", "tabgen.evaluation", "tabgen.plots", "tabgen.relations", "tabgen.substitution",
    "tabgen.report", "tabgen.reading", "tabgen.metadata", "tabgen.exporting", "tabgen.distributed",
]  # fmt: skip

if __name__ == "__main__":
    warnings.filterwarnings("ignore", "Error parsing type annotation")  # shown as they are written
    for name in tabgen.__all__:  # they are imported when first used, which pdoc does not know of
        setattr(tabgen, name, getattr(tabgen, name))
    pdoc.render.configure(docformat="numpy", footer_text=f"tabgen {tabgen.__version__}")
    pdoc.pdoc(*MODULES, output_directory=Path(sys.argv[1]))
