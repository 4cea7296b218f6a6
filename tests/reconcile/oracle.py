"""Reconcile once more, slow and plain: one lead at a time, one cell at a time, straight from the table of cases."""


def reconciled(given, database, airtable, base, flaps=()):
    """Changes, conflicts and next base of small worlds, as sets of tuples (see `reconcile_world.told`)."""
    changes, conflicts, after = set(), set(), set()
    for entity in {*database, *airtable, *base}:
        rows = {"database": database.get(entity), "airtable": airtable.get(entity)}
        moved = {name: (old, now) for key, name, old, now in flaps if key == entity}
        done = _lead(given, entity, rows, base.get(entity), moved)
        for known, more in zip((changes, conflicts, after), done, strict=True):
            known.update(more)
    return changes, conflicts, after


def _lead(given, entity, rows, base, moved):  # noqa: PLR0911 - one return a line of the table of cases
    here = [side for side in ("database", "airtable") if rows[side] is not None]
    if given.scope:
        done = _scoped(given, entity, rows, base, moved)
        if done:
            return done
    old = {(entity, "linked", *(base[f.name] for f in given.fields))} if base else set()
    dead = {(entity, "tombstone", *cells) for _, _, *cells in old}
    if not here:
        return set(), set(), dead
    if len(here) == 2:
        return _pair(given, entity, rows, base, moved)
    (side,) = here
    other = "airtable" if side == "database" else "database"
    row = rows[side]
    if base and not _edited(given, row, base):
        if given.sync.deletes == "propagate" and _open(given, side):
            return {(side, "delete", entity, None, None)}, set(), dead
        return _alone(given, entity, side, row), set(), old
    if not _worth(given, row, other):
        return set(), set(), old
    if not _open(given, other):
        return _alone(given, entity, side, row), set(), old
    return _new(given, entity, side, other, row, revived=bool(base))


def _scoped(given, entity, rows, base, moved):  # noqa: PLR0911 - one return a fate
    """What becomes of a lead out of scope; None for one that is in scope, or that nothing is known of."""
    database, airtable = rows["database"], rows["airtable"]
    old = {(entity, "linked", *(base[f.name] for f in given.fields))} if base else set()
    left = {(entity, "left", *cells) for _, _, *cells in old}
    if database is None:
        if airtable is None or given.scope.leaving == "keep":
            return None
        lead = _lead(given.model_copy(update={"scope": None}), entity, rows, base, moved)
        if not any(op == "insert" for _, op, *_ in lead[0]) or _inside(given, airtable):
            return None
        return set(), lead[1], old
    if airtable is None:
        if base and not _edited(given, database, base):
            asked = given.sync.deletes == "propagate" and _open(given, "database")  # its record's end would be its own
        else:
            asked = _worth(given, database, "airtable") and _open(given, "airtable")  # it would have a record
        if not asked or _inside(given, database):
            return None  # stays alone on its side, whatever the scope
        return _alone(given, entity, "database", database), set(), left
    if given.scope.leaving == "keep":
        return None if _inside(given, database) else (_alone(given, entity, "database", database), set(), old)
    changes, conflicts, after = _pair(given, entity, rows, base, moved)
    golden = {f.name: _golden(given, f, rows, base) for f in given.fields}
    if any(side is None for _, _, side, _ in conflicts) or _inside(given, golden):
        return changes, conflicts, after
    mine = {change for change in changes if change[0] == "database"}
    if not _open(given, "airtable"):
        return mine, conflicts, old
    return mine | {("airtable", "delete", entity, None, None)}, conflicts, left


def _inside(given, row):
    name, value = given.scope.where.split(" <> ")
    held = row.get(name)
    held = given.field(name).default if held is None else held
    return held is not None and held != value.strip("'")


def _golden(given, field, rows, base):
    return _cell(
        given, field, {side: rows[side].get(field.name) for side in rows}, base[field.name] if base else None, rows
    )[0]


def _open(given, side):
    return given.sync.direction in ("both", f"to_{side}")


def _writes(given, field, side):
    return _open(given, side) and field.direction in ("both", f"to_{side}")


def _edited(given, row, base):
    for field in given.fields:
        value, agreed = row.get(field.name), base[field.name]
        if (value not in (None, field.default)) if agreed is None else ((value or "") != agreed):
            return True
    return False


def _worth(given, row, other):
    """Whether the row has a value of its own that could be copied."""
    return any(
        row.get(field.name) not in (None, field.default)
        for field in given.fields
        if _writes(given, field, other) or not _open(given, other)
    )


def _alone(given, entity, side, row):
    """A row that stays on its side only: its empty cells get their defaults."""
    return {
        (side, "update", entity, field.name, field.default)
        for field in given.fields
        if row.get(field.name) is None and field.default is not None and _writes(given, field, side)
    }


def _new(given, entity, side, other, row, *, revived):
    changes, agreed = set(), []
    for field in given.fields:
        value = row.get(field.name)
        golden = field.default if value is None else value
        if golden is not None and _writes(given, field, other):
            changes.add((other, "insert", entity, field.name, golden))
        if golden != value and _writes(given, field, side):
            changes.add((side, "update", entity, field.name, golden))
        reached = golden is None or _writes(given, field, other)
        reached = reached and (golden == value or _writes(given, field, side))
        agreed.append((golden or "") if reached else None)
    conflicts = {(entity, None, side, "edit_survives")} if revived else set()
    return changes, conflicts, {(entity, "linked", *agreed)}


def _pair(given, entity, rows, base, moved):
    changes, conflicts, agreed = set(), set(), []
    for field in given.fields:
        values = {side: rows[side].get(field.name) for side in rows}
        before = base[field.name] if base else None
        golden, conflict = _cell(given, field, values, before, rows)
        if _flaps(moved.get(field.name), before, golden, values) and conflict != (None, None):
            conflict = (None, "flap")
        conflicts |= {(entity, field.name, *conflict)} if conflict else set()
        if conflict and conflict[0] is None:
            agreed.append(before)
            continue
        golden = field.default if golden is None else golden
        reached = True
        for side, value in values.items():
            if value != golden and _writes(given, field, side):
                changes.add((side, "update", entity, field.name, golden))
            reached = reached and (value == golden or _writes(given, field, side))
        agreed.append((golden or "") if reached else before)
    return changes, conflicts, {(entity, "linked", *agreed)}


def _flaps(seen, before, golden, values):
    """Whether the cell came from a value and is to go back to it once more; both sides holding it is no move."""
    return seen is not None and seen == (golden or "", before) and values["database"] != values["airtable"]


def _cell(given, field, values, before, rows):
    """Golden value, and the conflict as (side, policy) if there is one."""
    database, airtable = values["database"], values["airtable"]
    if before is None and field.default is not None:  # a default is no evidence against a value
        if database == field.default and airtable not in (None, field.default):
            database = None
        elif airtable == field.default and database not in (None, field.default):
            airtable = None
    if database == airtable:
        return database, None
    if field.owner and (before is not None or {"database": database, "airtable": airtable}[field.owner] is not None):
        return {"database": database, "airtable": airtable}[field.owner], None
    old = before or None
    if (airtable == old) if before is not None else (airtable is None):
        return database, None
    if (database == old) if before is not None else (database is None):
        return airtable, None
    for policy in field.conflict:
        if policy == "manual":
            break
        side = _policy(given, field, policy, values, rows)
        if side is not None:
            golden = _lines(values) if side == "merge" else values[side]
            return golden, (side, policy)
    return None, (None, None)


def _policy(given, field, policy, values, rows):
    if policy in ("database_wins", "airtable_wins"):
        return policy.removesuffix("_wins")
    if policy == "most_recent":
        return _newer(given, rows)
    if policy == "highest_quality":
        return _fuller(given, field, values, rows)
    for rule in ("present", *field.survivorship):
        side = {
            "present": lambda: _greater({s: _presence(field, values[s]) for s in values}),
            "most_recent": lambda: _newer(given, rows),
            "highest_quality": lambda: _fuller(given, field, values, rows),
            "most_complete": lambda: _fuller(given, field, values, rows),
            "longest": lambda: _greater({s: len(values[s]) for s in values} if all(values.values()) else {}),
            "source_priority": lambda: given.dedupe.survivorship_priority[0],
            "union": lambda: "merge",
            "most_frequent": lambda: None,
        }[rule]()
        if side is not None:
            return side
    return None


def _newer(given, rows):
    times = {side: row.get("at") for side, row in rows.items()}
    if None in times.values() or abs(times["database"] - times["airtable"]) <= given.sync.skew_seconds:
        return None
    return _greater(times)


def _fuller(given, field, values, rows):
    shares = {
        side: sum(row.get(f.name) not in (None, f.default) for f in given.fields) / len(given.fields)
        for side, row in rows.items()
    }
    return _greater({side: (_presence(field, values[side]), shares[side]) for side in values})


def _presence(field, value):
    return 0 if value is None else 1 if value == field.default else 2


def _greater(both):
    if not both or both["database"] == both["airtable"]:
        return None
    return max(both, key=lambda side: both[side])


def _lines(values):
    lines = "\n".join(sorted(values.values())).split("\n")
    return "\n".join(dict.fromkeys(lines))
