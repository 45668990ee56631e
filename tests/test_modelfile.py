"""Model files: what was saved comes back exactly, holds no training data, and damage is told."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from make_model_files import DRAWN, SEED
from make_model_files import FOLDER as DATA
from pandas.testing import assert_frame_equal

from tabgen import ModelFileError, TableError, TabularGAN
from tabgen.modelfile import MEMBERS, load_parts

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "people.tabgen"
    fitted.save(path)
    return path


@pytest.fixture(scope="module")
def leaves(saved):
    """Return every file inside the model file by name, zips inside it opened."""
    return dict(_leaves(saved.read_bytes(), ""))


def _leaves(data, name):
    if data[:2] != b"PK":
        yield name, data
        return
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.namelist():
            yield from _leaves(archive.read(member), f"{name}/{member}")


def _arrays(leaves):
    for name, data in leaves.items():
        if name.endswith(".npy"):
            yield np.load(io.BytesIO(data), allow_pickle=False)
        if name.endswith(".h5"):
            items = []
            with h5py.File(io.BytesIO(data)) as file:
                file.visititems(lambda _, item, items=items: items.append(item))
                yield from [item[()] for item in items if isinstance(item, h5py.Dataset)]


def _texts(leaves):
    return b"\n".join(data for name, data in leaves.items() if name.endswith(".json"))


def _rewrite(source, target, change):
    """Copy a model file, letting ``change`` edit the members on the way."""
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def test_a_loaded_model_is_the_same(fitted, saved):
    again = TabularGAN.load(saved)
    assert_frame_equal(again.sample(50, seed=1), fitted.sample(50, seed=1))
    assert again.get_params() == fitted.get_params()
    assert again.schema_ == load_parts(saved, network=False).schema == fitted.schema_
    assert again.protection_ == fitted.protection_
    assert again.summary() == fitted.summary()
    assert_frame_equal(again.history_, fitted.history_)
    assert again.feature_names_in_.tolist() == fitted.feature_names_in_.tolist()


def test_a_new_process_draws_the_same_rows(fitted, saved, tmp_path):
    code = (
        "import sys; from tabgen import TabularGAN; "
        "TabularGAN.load(sys.argv[1]).sample(50, seed=1).to_pickle(sys.argv[2])"
    )
    target = tmp_path / "fake.pickle"
    subprocess.run([sys.executable, "-c", code, saved, target], cwd=ROOT, check=True)
    assert_frame_equal(pd.read_pickle(target), fitted.sample(50, seed=1))


def test_a_model_without_a_network_comes_back(tmp_path):
    gan = TabularGAN().fit(pd.DataFrame({"id": range(30), "unit": "kg"}))
    gan.save(tmp_path / "flat.tabgen")
    again = TabularGAN.load(tmp_path / "flat.tabgen")
    assert again.sample(2)["id"].tolist() == [30, 31]
    assert again.history_.empty


def test_every_leaf_is_json_or_plain_arrays(saved, leaves):
    assert zipfile.ZipFile(saved).namelist() == ["format.json", *MEMBERS]
    assert {Path(name).suffix for name in leaves} == {".json", ".npy", ".h5"}
    for name, data in leaves.items():
        if name.endswith(".json"):
            json.loads(data)
    assert all(array.dtype.kind in "fiub" for array in _arrays(leaves))  # no objects: nothing is pickled


def test_no_array_has_a_row_for_each_training_row(leaves, people):
    arrays = list(_arrays(leaves))
    assert len(arrays) > 20
    assert not any(len(people) in array.shape for array in arrays)


def test_no_unique_number_of_the_table_is_in_the_file(leaves, people):
    heights = people["height"].sort_values()
    assert heights.is_unique
    inner = heights.iloc[1:-1]  # the extremes bound what is drawn
    stored = np.concatenate([array.ravel() for array in _arrays(leaves) if array.dtype == np.float64])
    assert inner.isin(stored).sum() == 0
    assert [value for value in inner if str(value).encode() in _texts(leaves)] == []


def test_no_key_of_the_table_is_in_the_file(leaves, people):
    everything = b"\n".join(leaves.values())
    assert [key for key in people["key"] if key.encode() in everything] == []
    assert [key for key in people["key"] if f'"{key.removeprefix("AB-")}"'.encode() in _texts(leaves)] == []


def _flip(path):
    """Change one byte in the middle of the largest member."""
    with zipfile.ZipFile(path) as archive:
        largest = max(archive.infolist(), key=lambda info: info.compress_size)
    data = bytearray(path.read_bytes())
    data[largest.header_offset + largest.compress_size // 2] ^= 0xFF
    path.write_bytes(data)


DAMAGE = {
    "absent": (lambda path: path.unlink(), "There is no model file '.*'. Check the path."),
    "not a zip": (lambda path: path.write_text("a,b\n1,2\n"), "is not a tabgen model or is damaged"),
    "empty": (lambda path: path.write_bytes(b""), "is not a tabgen model or is damaged"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-100]), "is damaged .*Copy it again"),
    "flipped byte": (_flip, "is damaged .*Copy it again"),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_refused(damage, message, saved, tmp_path):
    path = tmp_path / "copy.tabgen"
    path.write_bytes(saved.read_bytes())
    damage(path)
    with pytest.raises(ModelFileError, match=message):
        TabularGAN.load(path)


def _about(**facts):
    return lambda members: members.update(
        {"format.json": json.dumps({**json.loads(members["format.json"]), **facts})}
    )


CHANGES = {
    "member missing": (lambda members: members.pop("encoder.npz"), "is damaged: it lacks .*Copy it again"),
    "member changed": (
        lambda members: members.update({"history.json": b"{}"}),
        r"was changed after it was written \(history.json\). Copy it again",
    ),
    "format missing": (lambda members: members.pop("format.json"), "is not a tabgen model"),
    "newer format": (
        _about(format=8),
        "has format 8, .* reads format 7. Update tabgen, or fit again",
    ),
    "older format": (_about(format=6), "has format 6, .* Use the tabgen version that wrote it, or fit again"),
    "format of another kind": (_about(format="5"), "is damaged .its format is no number.. Copy it again"),
    "unknown parameter": (
        _about(parameters={"layers": 3, "relations": "auto", "protection": None}),
        "is damaged: .*layers",
    ),
    "no parameters": (_about(parameters=None), "is damaged"),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES)
def test_a_changed_file_is_refused(change, message, saved, tmp_path):
    _rewrite(saved, tmp_path / "copy.tabgen", change)
    with pytest.raises(ModelFileError, match=message):
        TabularGAN.load(tmp_path / "copy.tabgen")


def test_an_existing_file_is_kept_without_force(fitted, tmp_path):
    path = tmp_path / "model.tabgen"
    path.write_text("precious")
    with pytest.raises(TableError, match="already exists"):
        fitted.save(path, force=False)
    assert path.read_text() == "precious"
    fitted.save(path)
    assert zipfile.is_zipfile(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_told(fitted, tmp_path):
    with pytest.raises(TableError, match=r"Cannot write .*No such file or directory"):
        fitted.save(tmp_path / "nowhere" / "model.tabgen")


def test_a_file_of_this_format_loads_and_draws_as_ever():
    drawn = TabularGAN.load(DATA / "format_7.tabgen").sample(DRAWN, seed=SEED)
    assert drawn.to_csv(index=False) == (DATA / "format_7.csv").read_text()
