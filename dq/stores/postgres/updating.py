"""Most batches are updates of rows that nothing binds together: guard, write and read back are one statement for them.

A row whose cells are, to the letter, what the plan saw is written and comes back. What does not come back is looked at
more closely by `dq.stores.postgres.writing`: it may mean the same, or have moved.
"""

from collections.abc import Mapping, Sequence

import psycopg

from dq.sql import quoted
from dq.stores.postgres.connecting import Connection
from dq.stores.postgres.failures import is_refusal
from dq.stores.postgres.rows import Target, is_alive, is_row, possible, rows_by_key
from dq.stores.postgres.statements import ROWS, UnfitError, cells_of, keys_of, listed_texts, source
from dq.stores.postgres.types import assigned, read
from dq.stores.protocol import Outcome, RowWrite

Numbered = tuple[int, RowWrite]
Form = tuple[str, tuple[str, ...], tuple[str, ...]]
"""Table, columns that are written, columns that guard."""


def written_at_once(
    connection: Connection, targets: Mapping[str, Target], writes: Sequence[Numbered]
) -> dict[int, Outcome]:
    """Outcomes, by place in the batch, of the rows that were what the plan saw to the letter.

    Args:
        connection: A connection in a transaction.
        targets: The tables.
        writes: The batch. If its rows are bound together, or the database refuses one, nothing is written here.
    """
    if not _is_free(writes):
        return {}
    forms: dict[Form, list[Numbered]] = {}
    known = {table: set(possible(target, [str(w.key) for _, w in writes])) for table, target in targets.items()}
    for one in writes:
        write = one[1]
        if str(write.key) not in known[write.table]:
            continue
        forms.setdefault((write.table, tuple(write.after), tuple(write.before)), []).append(one)
    connection.execute("SAVEPOINT updates; SET CONSTRAINTS ALL DEFERRED")
    outcomes: dict[int, Outcome] = {}
    try:
        for form, same in forms.items():
            for start in range(0, len(same), ROWS):
                outcomes |= _updated(connection, targets[form[0]], form, same[start : start + ROWS])
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE; RELEASE updates")
    except (psycopg.Error, UnfitError) as error:
        if connection.closed or (isinstance(error, psycopg.Error) and not is_refusal(error)):
            raise
        connection.execute("ROLLBACK TO updates; RELEASE updates")
        return {}
    return outcomes


def _is_free(writes: Sequence[Numbered]) -> bool:
    groups, rows = {write.group for _, write in writes}, {(write.table, write.key) for _, write in writes}
    return len(groups) == len(rows) == len(writes) and all(write.op == "update" and write.after for _, write in writes)


def _updated(connection: Connection, target: Target, form: Form, numbered: Sequence[Numbered]) -> dict[int, Outcome]:
    _, after, before = form
    writes = [write for _, write in numbered]
    sets = [f"{quoted(name)} = {assigned(target.types[name], f'v.c{place}')}" for place, name in enumerate(after, 1)]
    held = [
        f'({read(target.types[name], f"t.{quoted(name)}")})::text COLLATE "C" IS NOT DISTINCT FROM v.c{place}'
        for place, name in enumerate(before, 1 + len(after))
    ]
    asked_to_be_alive = [is_alive("t")] if target.can_be_deleted and "deleted_at" not in before else []
    names = list(dict.fromkeys([*target.wanted, *after])) if target.is_plain else []
    echo = ", ".join(["v.n - 1", *(read(target.types[name], f"t.{quoted(name)}") for name in names)])
    sql = (
        f"UPDATE {target.sql} AS t SET {', '.join(sets)} FROM {source(1 + len(after) + len(before))}"
        f" WHERE {' AND '.join([is_row(target, 'v.c0'), *held, *asked_to_be_alive])} RETURNING {echo}"
    )
    cells = [cells_of(connection, target, name, [write.after[name] for write in writes]) for name in after]
    guards = [listed_texts([write.before[name] for write in writes]) for name in before]
    rows = connection.execute(sql, [keys_of(writes), *cells, *guards]).fetchall()
    if not target.is_plain:  # what a trigger did afterwards shows only now
        names = list(dict.fromkeys([*target.wanted, *after]))
        found = rows_by_key(connection, target, [str(writes[row[0]].key) for row in rows], names)
        return {numbered[row[0]][0]: _outcome(writes[row[0]], found.get(str(writes[row[0]].key), {})) for row in rows}
    return {
        numbered[row[0]][0]: Outcome("written", writes[row[0]].key, dict(zip(names, row[1:], strict=True)))
        for row in rows
    }


def _outcome(write: RowWrite, row: Mapping[str, object]) -> Outcome:
    return Outcome("written", write.key, row)
