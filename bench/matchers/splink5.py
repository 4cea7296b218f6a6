"""Splink 5 on DuckDB: u from random pairs, m by EM in a session a rule, clusters at the threshold of its tutorials.

python -m bench.matchers.splink5 SET records.parquet OUT
"""

import sys
from pathlib import Path

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator

from bench.matchers.splink_recipes import RECIPES, Recipe

THRESHOLD = 0.95
"""Splink has no default; its tutorials cluster at this probability."""
KEPT = 0.01
"""Less probable pairs are not kept."""
SEED = 1


def main(name: str, records: str, out: str) -> None:
    """Match and write."""
    recipe = RECIPES[name]()
    connection = duckdb.connect()
    connection.execute(f"create view records as select * from read_parquet('{records}')")
    linker = _linker(connection, recipe)
    _train(linker, recipe)
    predicted = linker.inference.predict(threshold_match_probability=KEPT)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=THRESHOLD
    )
    folder = Path(out)
    _write(clusters, "record_id, cluster_id as cluster", folder / "clusters.parquet")
    pairs = 'record_id_l as "left", record_id_r as "right", match_probability as probability'
    _write(predicted, pairs, folder / "pairs.parquet")


def _linker(connection: duckdb.DuckDBPyConnection, recipe: Recipe) -> Linker:
    columns = recipe.columns if " from " in recipe.columns.replace("\n", " ") else f"{recipe.columns} from records"
    connection.execute(f"create table prepared as select {columns}")
    settings = SettingsCreator(
        link_type="link_only" if recipe.link_only else "dedupe_only",
        unique_id_column_name="record_id",
        source_dataset_column_name="source_dataset",
        blocking_rules_to_generate_predictions=recipe.blocking,
        comparisons=recipe.comparisons,
        retain_matching_columns=False,
    )
    api = DuckDBAPI(connection=connection)
    if not recipe.link_only:
        return Linker(api.register("prepared"), settings, log_level=None)
    sources = [row[0] for row in connection.execute("select distinct source from prepared order by 1").fetchall()]
    for number, source in enumerate(sources):
        rows = f"select * exclude (source) from prepared where source = '{source}'"
        connection.execute(f"create table prepared_{number} as {rows}")
    tables = [api.register(f"prepared_{number}", dataset_display_name=source) for number, source in enumerate(sources)]
    return Linker(tables, settings, log_level=None)


def _train(linker: Linker, recipe: Recipe) -> None:
    training = linker.training
    training.estimate_probability_two_random_records_match(recipe.certain, recall=recipe.recall)
    training.estimate_u_using_random_sampling(max_pairs=recipe.max_pairs, seed=SEED)
    for rule in recipe.training:
        training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=recipe.without_frequencies, max_pairs=recipe.training_pairs
        )


def _write(frame: object, columns: str, path: Path) -> None:
    frame.as_duckdbpyrelation().project(columns).write_parquet(str(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
