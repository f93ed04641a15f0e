/** Runs and stages may be paused. SQLite changes a check only by making the table anew. */
export const paused = {
  version: 2,
  sql: `
CREATE TABLE runs_new (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner_id TEXT NOT NULL REFERENCES owners,
  recipe_id TEXT REFERENCES recipes ON DELETE SET NULL,
  name TEXT NOT NULL,
  seed INTEGER NOT NULL,
  state TEXT NOT NULL
    CHECK (state IN ('queued', 'running', 'finished', 'paused', 'stopped', 'failed', 'interrupted')),
  again INTEGER NOT NULL,
  -- 1 = another process asks to stop it, 2 = to pause it.
  stop_requested INTEGER NOT NULL DEFAULT 0,
  recipe TEXT NOT NULL,
  identity TEXT,
  inputs TEXT,
  device TEXT,
  error TEXT,
  progress TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER
) STRICT;
-- The numbers of removed runs are not given again.
INSERT INTO sqlite_sequence (name, seq) SELECT 'runs_new', seq FROM sqlite_sequence WHERE name = 'runs';
INSERT INTO runs_new SELECT * FROM runs;
DROP TABLE runs;
ALTER TABLE runs_new RENAME TO runs;
CREATE INDEX runs_unfinished ON runs (owner_id) WHERE state IN ('queued', 'running');

CREATE TABLE stages_new (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  use TEXT NOT NULL,
  state TEXT NOT NULL
    CHECK (state IN ('waiting', 'running', 'finished', 'paused', 'stopped', 'failed', 'interrupted')),
  key TEXT,
  started_at INTEGER,
  seconds REAL,
  cached INTEGER NOT NULL DEFAULT 0,
  outcome TEXT,
  weights TEXT REFERENCES weights,
  PRIMARY KEY (run_id, position)
) STRICT;
INSERT INTO stages_new SELECT * FROM stages;
DROP TABLE stages;
ALTER TABLE stages_new RENAME TO stages;
CREATE INDEX stages_by_key ON stages (key) WHERE state = 'finished';
CREATE INDEX stages_by_weights ON stages (weights) WHERE weights IS NOT NULL;
`,
} as const
