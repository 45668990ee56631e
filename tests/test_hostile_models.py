"""Hostile model files: whatever they hold under valid checksums, they are refused before harm is done."""

import hashlib
import io
import json
import zipfile

import h5py
import numpy as np
import pytest

from tabgen import ModelFileError, TabularGAN
from tabgen.modelfile import load_parts
from tabgen.models.discriminator import TreeDiscriminator
from tabgen.models.layers import CodeSpace
from tabgen.models.rebuilding import check_trees, weights_of_vae


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "people.tabgen"
    fitted.save(path)
    return path


def _signed(members):
    """Bring the checksums up to date, as whoever means harm would."""
    about = json.loads(members["format.json"])
    about["sha256"] = {
        name: hashlib.sha256(data).hexdigest() for name, data in members.items() if name != "format.json"
    }
    members["format.json"] = json.dumps(about).encode()


def _inner(name, change):
    """Change a zip inside the model file."""

    def apply(members):
        inner = _members(members[name])
        change(inner)
        members[name] = _zip(inner)

    return apply


def _members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zip(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _config(change):
    def apply(inner):
        told = json.loads(inner["config.json"])
        inner["config.json"] = json.dumps(change(told) or told).encode()

    return _inner("model.keras", apply)


def _sizes(**changes):
    return _config(lambda told: told["config"]["generator"]["config"]["config"].update(changes))


def _lambda(told):
    body = {"class_name": "__lambda__", "config": {"code": "4wEA", "defaults": None, "closure": None}}
    layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": body}}
    return {"module": "keras", "class_name": "Sequential", "config": {"layers": [layer]}}


def _foreign(told):
    told["config"]["generator"] |= {"module": "os", "class_name": "system", "registered_name": None}


def _head(shape, descr):
    """Return an array that says to have a shape and a type, and 8 bytes."""
    file = io.BytesIO()
    facts = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, facts)
    return file.getvalue() + bytes(8)


def _array(name, data):
    return _inner("encoder.npz", lambda inner: inner.update({f"{name}.npy": data}))


def _weights(change):
    def apply(inner):
        file = io.BytesIO(inner["model.weights.h5"])
        with h5py.File(file, "r+") as weights:
            change(weights)
        inner["model.weights.h5"] = file.getvalue()

    return _inner("model.keras", apply)


def _text(name, change):
    def apply(members):
        told = json.loads(members[name])
        change(told)
        members[name] = json.dumps(told).encode()

    return apply


HOSTILE = {
    "lambda": (_config(_lambda), "holds a 'Sequential', which is no model of tabgen"),
    "class of another module": (_config(_foreign), "holds a 'system', which is no model of tabgen"),
    "guided by itself": (
        _config(lambda told: told["config"].update(generator=json.loads(json.dumps(told)))),
        "is a guided one itself",
    ),
    "foreign discriminator": (
        _config(lambda told: told["config"].update(discriminator={"class_name": "Lambda", "config": {}})),
        "holds a 'Lambda', which is no discriminator",
    ),
    "huge trees": (
        _config(
            lambda told: told["config"].update(
                discriminator={"class_name": "TreeDiscriminator", "config": {"nodes": 2**31, "trees": 1}}
            )
        ),
        "weights or more, the file",
    ),
    "huge layer": (_sizes(width=2**30), "the network has .* weights or more, the file"),
    "huge depth": (_sizes(depth=2**31), "the network has .* weights or more, the file"),
    "beyond any number": (_sizes(context=10**30), "context is 10+, no whole number in its range"),
    "number as text": (_sizes(width="64"), "width is 64, no whole number in its range"),
    "no number": (_sizes(beta=float("nan")), "beta is nan, no number in its range"),
    "unknown size": (_sizes(extra=1), "lack or add 'extra'"),
    "other tokens": (_sizes(gates=[-1]), "not of one number of tokens"),
    "zip bomb": (lambda members: members.update({"relations.json": bytes(2 * 10**8)}), "more than its size"),
    "zip bomb inside": (_array("0.codes", bytes(10**8)), "more than its size can honestly hold"),
    "path outside": (lambda members: members.update({"../../x": b""}), "has a part that no model has"),
    "no array": (_inner("encoder.npz", lambda inner: inner.update({"x.py": b""})), "'x.py' is no array"),
    "pickle": (_array("0.codes", _head((1,), "|O")), "an array is not the object of shape"),
    "shape that lies": (_array("0.codes", _head((2**40,), "<i8")), "an array is not the int64 of shape"),
    "negative shape": (_array("0.codes", _head((-1, -1), "<i8")), "an array is not the int64 of shape"),
    "added to the network": (_inner("model.keras", lambda inner: inner.update(x=b"")), "member 'x' too many"),
    "link to another file": (
        _weights(lambda file: file.update({"x": h5py.ExternalLink("/etc/passwd", "/")})),
        "refers to something else as 'x'",
    ),
    "packed weights": (
        _weights(lambda file: file.create_dataset("x", data=np.zeros(10**6), compression="gzip")),
        "holds 'x', which is no plain array",
    ),
    "weights that are none": (
        _weights(lambda file: file["vars/0"].write_direct(np.full(file["vars/0"].shape, np.nan, "f4"))),
        "no finite numbers",
    ),
    "nested without end": (
        lambda members: members.update({"relations.json": b"[" * 100_000}),
        "recursion depth",
    ),
    "another type": (
        _text("schema.json", lambda told: told["columns"][0].update(reason=5)), "reason of Column is 5"
    ),
    "another unit": (
        _text("encoder.json", lambda told: [c.update(unit="x") for c in told["codecs"] if "unit" in c]),
        "is damaged",
    ),
    "other codes": (
        _text("encoder.json", lambda told: told["tokens"].pop()), "codecs and the codes .* do not fit"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused(change, message, saved, tmp_path):
    def rewrite(members):
        change(members)
        _signed(members)

    path = tmp_path / "copy.tabgen"
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    rewrite(members)
    path.write_bytes(_zip(members))
    with pytest.raises(ModelFileError, match=message):
        TabularGAN.load(path)


def test_a_member_that_is_there_twice_is_refused(saved, tmp_path):
    path = tmp_path / "copy.tabgen"
    path.write_bytes(saved.read_bytes())
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("schema.json", "{}")
    with pytest.raises(ModelFileError, match=r"a member 'schema\.json' too many"):
        load_parts(path, network=False)


def test_trees_that_go_in_circles_are_refused():
    trees = TreeDiscriminator(3, 1)
    trees.left.assign([1, -1, -1])
    trees.right.assign([2, -1, -1])
    space = CodeSpace((2, 2), (False, False), (-1, -1))
    check_trees(trees, space)
    for name, values in {"right": [0, -1, -1], "left": [9, -1, -1], "token": [2, 0, 0], "roots": [3]}.items():
        variable = getattr(trees, name)
        before = np.asarray(variable).copy()
        variable.assign(values)
        with pytest.raises(ValueError, match="are not in order"):
            check_trees(trees, space)
        variable.assign(before)


def test_what_the_network_needs_is_known_before_it_is_made(fitted):
    sizes = fitted.model_.generator.config
    made = sum(int(np.prod(weight.shape)) for weight in fitted.model_.generator.weights)
    assert made / 4 < weights_of_vae(sizes) <= made
