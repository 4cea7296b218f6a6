"""How the cells of two files are compared: which columns, in what form, and how a cell is told as JSON."""

from collections.abc import Sequence
from difflib import get_close_matches

import polars as pl

from dq import cells
from dq.errors import ConfigurationError
from dq.report.filediff import Shape

_KEY = "#key "


def shape_of(
    files: tuple[str, str],
    schemas: tuple[pl.Schema, pl.Schema],
    keys: Sequence[str],
    columns: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Shape:
    """Which columns of two files are compared, and how.

    Args:
        files: Their names.
        schemas: Their columns.
        keys: The columns that tell rows apart; none takes `id`.
        columns: The only columns to compare; none compares all.
        ignore: Columns not to compare.

    Raises:
        ConfigurationError: A column that is named is not there, or no key is named and there is no `id`.
    """
    left, right = schemas
    common = tuple(name for name in left if name in right)
    chosen = tuple(dict.fromkeys(keys)) or (("id",) if "id" in left and "id" in right else ())
    if not chosen:
        told = f"--key one of {', '.join(common[:8])}" if common else "the files have no column in common"
        raise ConfigurationError("Nothing tells which row is which: no --key, and no column id in both.", fix=told)
    for name in chosen:
        for file, schema in zip(files, schemas, strict=True):
            _demand(name, list(schema), "--key", file)
    for option, names in (("--columns", columns), ("--ignore", ignore)):
        for name in names:
            _demand(name, list(left | right), option, f"{files[0]} and {files[1]}")

    def wanted(name: str) -> bool:
        return name not in chosen and name not in ignore and (not columns or name in columns)

    return Shape(
        files=files,
        keys=chosen,
        columns=tuple(name for name in common if wanted(name)),
        only=(
            tuple(name for name in left if name not in right and wanted(name)),
            tuple(name for name in right if name not in left and wanted(name)),
        ),
        types={name: (left[name], right[name]) for name in common if wanted(name) or name in chosen},
    )


def prepared(frame: pl.LazyFrame, shape: Shape, *, blanks: bool) -> pl.LazyFrame:
    """A file's keys and compared columns in the form in which both files' cells are compared.

    Args:
        frame: The file.
        shape: What is compared.
        blanks: Whether an empty text is an empty cell: CSV, on either side, does not tell them apart reliably.
    """
    types = frame.collect_schema()
    keys = [
        _form(name, types[name], shape, blanks=blanks).alias(own)
        for name, own in zip(shape.keys, key_names(shape), strict=True)
    ]
    return frame.select(*keys, *(_form(name, types[name], shape, blanks=blanks) for name in shape.columns))


def key_names(shape: Shape) -> list[str]:
    """What the key columns are called in prepared frames: no file's column clashes with them."""
    return [_KEY + name for name in shape.keys]


def cell_json(shape: Shape, name: str, column: str) -> pl.Expr:
    """A cell of a prepared frame as JSON text; null is an empty cell.

    Args:
        shape: What is compared.
        name: The column in the files.
        column: The column of the frame.
    """
    value, (left, right) = pl.col(column), shape.types[name]
    if left != right or left == pl.String or not (left.is_numeric() or left == pl.Boolean or left.is_nested()):
        return cells.json_of(value.cast(pl.String), "text")
    if left.is_nested():
        return value
    exact = cells.text_of(value, "number", left)
    if left.is_float():
        return pl.when(value.is_finite()).then(exact).otherwise(cells.json_of(exact, "text"))
    return exact


def row_json(shape: Shape, suffix: str) -> pl.Expr:
    """A row of a prepared frame, without its key, as a JSON object.

    Args:
        shape: What is compared.
        suffix: What the frame's column names have behind those of the files.
    """
    parts: list[pl.Expr] = []
    for name in shape.columns:
        label = cells.json_of(pl.lit(name), "text")
        parts.append(pl.concat_str(label, pl.lit(": "), cell_json(shape, name, name + suffix).fill_null("null")))
    inner = pl.concat_str(parts, separator=", ") if parts else pl.lit("")
    return pl.concat_str(pl.lit("{"), inner, pl.lit("}"))


def _form(name: str, dtype: pl.DataType, shape: Shape, *, blanks: bool) -> pl.Expr:
    left, right = shape.types[name]
    as_text = left != right or not _is_plain(dtype)
    value = _text(pl.col(name), dtype) if as_text else pl.col(name)
    if blanks and (as_text or dtype == pl.String):
        return pl.when(value != "").then(value).alias(name)
    return value.alias(name)


def _is_plain(dtype: pl.DataType) -> bool:
    return not (dtype.is_nested() or dtype in (pl.Categorical, pl.Enum, pl.Binary, pl.Object))


def _text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Binary:
        return value.bin.encode("hex")
    if dtype.is_nested():
        wrapped = pl.struct(value.alias("v")).struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")
        return pl.when(value.is_not_null()).then(wrapped)
    if dtype in (pl.Categorical, pl.Enum):
        return value.cast(pl.String)
    return cells.text_of(value, "text", dtype)


def _demand(name: str, names: list[str], option: str, file: str) -> None:
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ConfigurationError(
            f"{file}: there is no column {name!r}{hint}.", fix=f"{option} one of {', '.join(names[:12])}"
        )
