"""The journal's tables, and what is asked of them cell by cell."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS writes (
  batch INTEGER NOT NULL, place INTEGER NOT NULL, store TEXT NOT NULL, table_name TEXT NOT NULL, op TEXT NOT NULL,
  row_key TEXT, entity TEXT NOT NULL, group_name TEXT NOT NULL, create_id TEXT, watermark TEXT,
  before TEXT NOT NULL, after TEXT NOT NULL, pre_image TEXT, state TEXT NOT NULL, key TEXT, echo TEXT, reason TEXT,
  intent_at TEXT NOT NULL, settled_at TEXT, changes INTEGER NOT NULL, intent_seal TEXT, outcome_seal TEXT,
  PRIMARY KEY (batch, place)
) STRICT;
CREATE INDEX IF NOT EXISTS writes_state ON writes(state);
CREATE INDEX IF NOT EXISTS writes_created ON writes(create_id) WHERE create_id IS NOT NULL;
"""
_AS_STORED = """CASE WHEN {cell}.type IS NULL OR {cell}.type = 'null' THEN NULL ELSE coalesce(nullif(
  substr(json_extract({whole}, {cell}.fullkey, '$[0]'), 2, length(json_extract({whole}, {cell}.fullkey, '$[0]')) - 7),
  'null'), json_quote({cell}.value)) END"""
"""A cell's JSON text, to the digit: two paths at once give a list of texts, `[…,null]`, and not a value of SQLite's."""
CELLS_SQL = f"""
SELECT store, table_name, op, entity, planned, key, field, before, after, state, at, reason FROM (
SELECT w.store, w.table_name, w.op, w.entity, w.row_key AS planned, coalesce(w.key, w.row_key) AS key, a.key AS field,
  {_AS_STORED.format(whole="w.before", cell="b")} AS before, {_AS_STORED.format(whole="w.after", cell="a")} AS after,
  w.state, coalesce(w.settled_at, w.intent_at) AS at, w.reason, w.batch, w.place, a.id AS part
FROM writes w JOIN json_each(w.after) a LEFT JOIN json_each(w.before) b ON b.key = a.key
WHERE w.op <> 'delete' AND (?1 IS NULL OR w.entity = ?1)
UNION ALL
SELECT store, table_name, op, entity, row_key, coalesce(key, row_key), NULL, coalesce(pre_image, before), NULL,
  state, coalesce(settled_at, intent_at), reason, batch, place, 0
FROM writes WHERE op = 'delete' AND (?1 IS NULL OR entity = ?1)
) ORDER BY batch, place, part
"""
