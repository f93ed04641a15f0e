export const firstLight = {
  version: 1,
  sql: `
-- Processes that have worked in this project. A run belongs to the one that queued it; a dead one's runs are marked.
CREATE TABLE owners (
  id TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  machine TEXT NOT NULL,
  pid INTEGER NOT NULL,
  process_started TEXT,
  opened_at INTEGER NOT NULL,
  heard_at INTEGER NOT NULL,
  closed_at INTEGER
) STRICT;

-- Library items: where they lie and what was found there. Data is never copied.
CREATE TABLE datasets (
  id TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,
  path TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  report TEXT NOT NULL
) STRICT;

CREATE TABLE models (
  id TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,
  path TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  report TEXT NOT NULL
) STRICT;

-- Models after the stages that changed them: model files (safetensors) by their SHA-256.
CREATE TABLE weights (
  sha256 TEXT PRIMARY KEY,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE recipes (
  id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE recipe_versions (
  recipe_id TEXT NOT NULL REFERENCES recipes ON DELETE CASCADE,
  version INTEGER NOT NULL,
  saved_at INTEGER NOT NULL,
  name TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (recipe_id, version)
) STRICT;

CREATE TABLE runs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner_id TEXT NOT NULL REFERENCES owners,
  recipe_id TEXT REFERENCES recipes ON DELETE SET NULL,
  name TEXT NOT NULL,
  seed INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'finished', 'stopped', 'failed', 'interrupted')),
  again INTEGER NOT NULL,
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
CREATE INDEX runs_unfinished ON runs (owner_id) WHERE state IN ('queued', 'running');

CREATE TABLE stages (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  use TEXT NOT NULL,
  state TEXT NOT NULL
    CHECK (state IN ('waiting', 'running', 'finished', 'stopped', 'failed', 'interrupted')),
  key TEXT,
  started_at INTEGER,
  seconds REAL,
  cached INTEGER NOT NULL DEFAULT 0,
  outcome TEXT,
  weights TEXT REFERENCES weights,
  PRIMARY KEY (run_id, position)
) STRICT;
CREATE INDEX stages_by_key ON stages (key) WHERE state = 'finished';
CREATE INDEX stages_by_weights ON stages (weights) WHERE weights IS NOT NULL;

CREATE TABLE metrics (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  stage INTEGER NOT NULL,
  name TEXT NOT NULL,
  step REAL NOT NULL,
  value REAL NOT NULL
) STRICT;
CREATE INDEX metrics_of_run ON metrics (run_id);

-- Zeros per layer over time; one row a moment.
CREATE TABLE layer_statistics (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  stage INTEGER NOT NULL,
  step INTEGER NOT NULL,
  layers TEXT NOT NULL
) STRICT;
CREATE INDEX layer_statistics_of_run ON layer_statistics (run_id);

CREATE TABLE log (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX log_of_run ON log (run_id);

-- What changed, for the other processes that have the project open. Only the newest rows are kept.
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_id TEXT NOT NULL,
  topic TEXT NOT NULL CHECK (topic IN ('library', 'recipes', 'run', 'run-removed')),
  subject TEXT
) STRICT;
`,
} as const
