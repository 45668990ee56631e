"""Fitted parts to one ``.tabgen`` file and back: a zip of JSON, arrays and Keras weights, no pickle."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Hashable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tabgen.archives import zip_arrays, zip_members
from tabgen.declared import check_declared
from tabgen.encoding import (
    CategoricalCodec,
    Codec,
    DatetimeCodec,
    Layout,
    NumericCodec,
    TableEncoder,
    Token,
    check_codec,
    tokens_of,
)
from tabgen.errors import ModelFileError, TableError
from tabgen.identifiers import GENERATORS, Generator
from tabgen.jsonvalues import scalar_from_json, scalar_to_json
from tabgen.privacy import DifferentialPrivacy, Spending
from tabgen.protection.plan import (
    ProtectionLog,
    log_from_json,
    log_to_json,
    protection_from_json,
    protection_to_json,
)
from tabgen.relations import Relation, relations_from_json, relations_to_json
from tabgen.schema import Schema
from tabgen.tables import Dialect
from tabgen.wholefiles import write_whole

FORMAT_VERSION = 7
MEMBERS = (
    "schema.json",
    "relations.json",
    "encoder.json",
    "encoder.npz",
    "identifiers.json",
    "protection.json",
    "history.json",
    "model.keras",
)
NUMERIC_ARRAYS = ("knots", "shares", "units", "roundness", "endings", "ended")
MOST_OF_REASON = 200  # characters: Keras goes on for pages


@dataclass(frozen=True)
class FittedParts:
    """Everything that `TabularGAN.fit` learns.

    Attributes
    ----------
    parameters : dict
        Constructor parameters of the estimator.
    schema, relations, encoder, identifiers
        What the columns are, which rules they keep, how they are encoded, and how identifiers are
        replaced.
    model : keras.Model or None
        The trained model; None where no column varies.
    history : pandas.DataFrame
        One row an epoch.
    dialect : Dialect or None
        Look of the training file.
    protection : ProtectionLog
        What was done to protect rare values.
    spending : Spending or None
        What a private fit released and spent.
    """

    parameters: dict[str, Any]
    schema: Schema
    relations: tuple[Relation, ...]
    encoder: TableEncoder
    identifiers: Mapping[Hashable, Generator]
    model: Any
    history: pd.DataFrame
    dialect: Dialect | None
    protection: ProtectionLog
    spending: Spending | None = None


def save_parts(parts: FittedParts, path: str | os.PathLike[str], *, force: bool = True) -> None:
    """Write fitted parts to a file; it appears whole or not at all.

    Parameters
    ----------
    parts : FittedParts
        What to write.
    path : path
        Where to; by custom a name that ends in ``.tabgen``.
    force : bool
        Whether to replace an existing file.
    """
    arrays: dict[str, np.ndarray] = {}
    encoder = _encoder_to_json(parts.encoder, arrays)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]  # numpy 2.0 has no allow_pickle
    identifiers = [
        [scalar_to_json(name), type(generator).__name__, asdict(generator)]
        for name, generator in parts.identifiers.items()
    ]
    members = {
        "schema.json": parts.schema.to_json().encode(),
        "relations.json": json.dumps(relations_to_json(parts.relations)).encode(),
        "encoder.json": json.dumps(encoder).encode(),
        "encoder.npz": buffer.getvalue(),
        "identifiers.json": json.dumps(identifiers).encode(),
        "protection.json": json.dumps(log_to_json(parts.protection)).encode(),
        "history.json": parts.history.to_json(orient="split", double_precision=15).encode(),
        "model.keras": b"" if parts.model is None else _keras_bytes(parts.model, path),
    }
    about = {
        "format": FORMAT_VERSION,
        "parameters": _parameters_to_json(parts),
        "dialect": None if parts.dialect is None else asdict(parts.dialect),
        "spending": None if parts.spending is None else asdict(parts.spending),
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in members.items()},
    }

    def write(file: Any) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("format.json", json.dumps(about, indent=1))
            for name, data in members.items():
                archive.writestr(name, data)

    write_whole(path, write, force=force)


def load_parts(path: str | os.PathLike[str], *, network: bool = True) -> FittedParts:
    """Read fitted parts from a file.

    Parameters
    ----------
    path : path
        A file that `save_parts` wrote.
    network : bool
        Whether to load the trained model; without it no TensorFlow is needed.

    Returns
    -------
    FittedParts

    Raises
    ------
    ModelFileError
        If the file is absent, damaged, changed since it was written, or of another version.
    """
    about, members = _read_members(path)
    rebuild: Callable[[bytes], Any] | None = None
    if network and members["model.keras"]:
        from tabgen.models.rebuilding import model_from

        rebuild = model_from
    try:
        identifiers = {
            scalar_from_json(name): GENERATORS[kind](**facts)
            for name, kind, facts in json.loads(members["identifiers.json"])
        }
        arrays = zip_arrays(members["encoder.npz"])
        parts = FittedParts(
            parameters=_parameters_from_json(about["parameters"]),
            schema=Schema.from_json(members["schema.json"].decode()),
            relations=relations_from_json(json.loads(members["relations.json"])),
            encoder=_encoder_from_json(json.loads(members["encoder.json"]), arrays),
            identifiers=identifiers,
            model=None if rebuild is None else rebuild(members["model.keras"]),
            history=_history_from_json(json.loads(members["history.json"])),
            dialect=None if about["dialect"] is None else Dialect(**about["dialect"]),
            protection=log_from_json(json.loads(members["protection.json"])),
            spending=None if about["spending"] is None else Spending(**about["spending"]),
        )
        _check_parts(parts)
    except ModelFileError:
        raise
    except Exception as error:  # hostile contents fail in many ways, all of them meaning the same
        reason = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")[:MOST_OF_REASON]
        raise ModelFileError(f"{os.fspath(path)!r} is damaged: {reason}.") from error
    return parts


def _read_members(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, bytes]]:
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise ModelFileError(f"There is no model file {name!r}. Check the path.")
    try:
        members = zip_members(Path(name))
        about = json.loads(members.pop("format.json"))
        found = about["format"]
        if not isinstance(found, int):
            raise ValueError("its format is no number")
    except Exception as error:  # a damaged zip fails in many ways, all of them meaning the same
        reason = str(error) if type(error) is ValueError else type(error).__name__
        raise ModelFileError(
            f"{name!r} is not a tabgen model or is damaged ({reason[:MOST_OF_REASON]}). Copy it again."
        ) from error
    if found != FORMAT_VERSION:
        what = "Update tabgen" if found > FORMAT_VERSION else "Use the tabgen version that wrote it"
        raise ModelFileError(
            f"{name!r} has format {found}, this tabgen reads format {FORMAT_VERSION}. {what}, or fit again."
        )
    odd = sorted(set(members) ^ set(MEMBERS))
    if odd:
        what = "lacks" if odd[0] in MEMBERS else "has a part that no model has,"
        raise ModelFileError(f"{name!r} is damaged: it {what} {odd[0][:MOST_OF_REASON]!r}. Copy it again.")
    checks = about["sha256"] if isinstance(about.get("sha256"), dict) else {}
    for member, data in members.items():
        if hashlib.sha256(data).hexdigest() != checks.get(member):
            raise ModelFileError(f"{name!r} was changed after it was written ({member}). Copy it again.")
    return about, members


def _check_parts(parts: FittedParts) -> None:
    """Refuse parts that do not belong together."""
    encoder = parts.encoder
    for facts in (
        *(parts.schema, parts.protection, *parts.relations, *parts.identifiers.values()),
        *(encoder.layout, *encoder.codecs.values()),
        *(facts for facts in (parts.dialect, parts.spending) if facts is not None),
    ):
        check_declared(facts)
    for codec in encoder.codecs.values():
        check_codec(codec)
    told: dict[Hashable, list[Token]] = {}
    for token in encoder.layout.tokens:
        told.setdefault(token.column, []).append(token)
    if set(told) != set(encoder.codecs) or any(
        tokens_of(name, codec) != told[name] for name, codec in encoder.codecs.items()
    ):
        raise ValueError("its codecs and the codes of its columns do not fit")
    names = [column.name for column in parts.schema.columns]
    if len(set(names)) < len(names) or not set(parts.identifiers) <= set(names):
        raise ValueError("its columns are there twice, or it replaces some that it does not have")
    if parts.model is None:
        return
    space, layout = parts.model.space, encoder.layout
    own = tuple(layout.cardinalities.tolist()), tuple(t.ordered for t in layout.tokens), layout.gates
    if own != (space.cardinalities, space.ordered, space.gates):
        raise ValueError("its network is one of other columns")


def _parameters_to_json(parts: FittedParts) -> dict[str, Any]:
    """Return parameters as JSON; of a protected model with its relations as learned, which hold less."""
    nested = ("relations", "protection", "privacy")
    plain = {name: scalar_to_json(value) for name, value in parts.parameters.items() if name not in nested}
    relations, protection, privacy = (parts.parameters[name] for name in nested)
    if relations != "auto":
        relations = relations_to_json(relations if parts.protection.protection is None else parts.relations)
    if privacy is not None:
        bounds = [[scalar_to_json(name), *map(float, pair)] for name, pair in privacy.bounds.items()]
        plain["privacy"] = {"epsilon": privacy.epsilon, "delta": privacy.delta, "bounds": bounds}
        plain["random_state"] = None  # whoever knows it can subtract the noise
    return {**plain, "relations": relations, "protection": protection_to_json(protection)}


def _parameters_from_json(parameters: dict[str, Any]) -> dict[str, Any]:
    relations, protection = parameters["relations"], protection_from_json(parameters["protection"])
    given = relations if relations == "auto" else relations_from_json(relations)
    privacy = parameters.get("privacy")
    if privacy is not None:
        bounds = {scalar_from_json(name): (low, high) for name, low, high in privacy["bounds"]}
        privacy = DifferentialPrivacy(privacy["epsilon"], privacy["delta"], bounds)
    return {**parameters, "relations": given, "protection": protection, "privacy": privacy}


def _history_from_json(history: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame(history["data"], columns=history["columns"])
    curves = frame.columns.difference(["stage", "epoch", "ended"])
    return frame.astype(dict.fromkeys(curves, float))  # a curve of gaps only has no dtype in JSON


def _keras_bytes(model: Any, target: str | os.PathLike[str]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        try:
            model.save(path)
        except (OSError, RuntimeError) as error:  # HDF5 knows no error numbers
            raise TableError(
                f"Cannot write {os.fspath(target)!r}: there is no room for it in {folder!r}."
            ) from error
        return path.read_bytes()


def _encoder_to_json(encoder: TableEncoder, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the encoder as JSON, with its arrays put aside under the names that the JSON gives."""
    codecs = []
    for number, (name, codec) in enumerate(encoder.codecs.items()):
        record = {"name": scalar_to_json(name), **_codec_to_json(codec, f"{number}", arrays)}
        if name in encoder.levels:
            record["levels"] = len(encoder.levels[name].categories)
        codecs.append(record)
    tokens = [{**asdict(t), "column": scalar_to_json(t.column)} for t in encoder.layout.tokens]
    return {"codecs": codecs, "tokens": tokens}


def _codec_to_json(codec: Codec, key: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    if isinstance(codec, DatetimeCodec):
        parts = {p: _codec_to_json(c, f"{key}.{p}", arrays) for p, c in codec.parts.items()}
        facts: dict[str, Any] = {"parts": parts, "constants": codec.constants}
        return {"kind": "datetime", "unit": codec.unit, "bounds": list(codec.bounds), **facts}
    if isinstance(codec, CategoricalCodec):
        arrays[f"{key}.codes"], arrays[f"{key}.weights"] = (
            codec.code_of_level,
            codec.weight_of_level,
        )
        return {
            "kind": "categorical",
            "key": key,
            "ordered": codec.ordered,
            "missing": codec.missing,
        }
    arrays.update({f"{key}.{name}": getattr(codec, name) for name in NUMERIC_ARRAYS})
    facts = {"step": codec.step, "offset": codec.offset, "decimals": codec.decimals}
    return {"kind": "numeric", "key": key, "missing": codec.missing, **facts}


def _encoder_from_json(record: dict[str, Any], arrays: dict[str, np.ndarray]) -> TableEncoder:
    codecs, levels = {}, {}
    for item in record["codecs"]:
        name = scalar_from_json(item["name"])
        codecs[name] = codec = _codec_from_json(item, arrays)
        if isinstance(codec, CategoricalCodec):
            levels[name] = pd.CategoricalDtype(range(item["levels"]), ordered=codec.ordered)
    tokens = [Token(**{**t, "column": scalar_from_json(t["column"])}) for t in record["tokens"]]
    return TableEncoder(codecs, levels, Layout(tuple(tokens)))


def _codec_from_json(item: dict[str, Any], arrays: dict[str, np.ndarray]) -> Any:
    match item["kind"]:
        case "datetime":
            parts = {part: _codec_from_json(c, arrays) for part, c in item["parts"].items()}
            first, last = item["bounds"]
            return DatetimeCodec(parts, item["constants"], item["unit"], (first, last))
        case "categorical":
            codes, weights = arrays[f"{item['key']}.codes"], arrays[f"{item['key']}.weights"]
            return CategoricalCodec(codes, weights, item["ordered"], item["missing"])
    facts: dict[str, Any] = {name: item[name] for name in ("step", "offset", "decimals", "missing")}
    facts |= {name: arrays[f"{item['key']}.{name}"] for name in NUMERIC_ARRAYS}
    return NumericCodec(**facts)
