"""What an earlier run of `dq dedupe` kept: the model and the clusters that it wrote."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from dq.dedupe.model import TYPES, Model, from_frame
from dq.engine import files
from dq.errors import ConfigurationError
from dq.schemas import Cluster

_CLUSTERS = {
    str(Cluster.store): pl.String,
    str(Cluster.row_key): pl.String,
    str(Cluster.entity_id): pl.String,
    str(Cluster.probability): pl.Float64,
}


def model_in(path: Path) -> Model:
    """The model that `--save-model` wrote.

    Raises:
        ConfigurationError: It is no such file.
    """
    frame = files.read(path, None)
    try:
        return from_frame(_typed(frame, TYPES, path))
    except ValueError as error:
        raise _other(path, "--save-model") from error


def clusters_in(path: Path) -> pl.DataFrame:
    """store, row_key, entity_id, probability that `--out` wrote.

    Raises:
        ConfigurationError: It is no such file, or names a row twice.
    """
    held = _typed(files.read(path, None), _CLUSTERS, path)
    if held.select(pl.struct(Cluster.store, Cluster.row_key).is_duplicated().any()).item():
        raise ConfigurationError(
            f"{path.name} names a row twice.", where="row_key", fix="give what dq dedupe --out wrote"
        )
    return held


def _typed(frame: pl.LazyFrame, types: Mapping[str, Any], path: Path) -> pl.DataFrame:
    if not set(types) <= set(frame.collect_schema()):
        raise _other(path, "--save-model" if "digest" in types else "--out")
    return frame.select(pl.col(name).cast(dtype) for name, dtype in types.items()).collect()


def _other(path: Path, option: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path.name} is not what dq dedupe {option} writes.", fix=f"dq dedupe FILE {option} writes it"
    )
