/** Gammas and betas of batch norm over time; one row a moment. */
export const norms = {
  version: 3,
  sql: `
CREATE TABLE norm_statistics (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  stage INTEGER NOT NULL,
  step INTEGER NOT NULL,
  layers TEXT NOT NULL
) STRICT;
CREATE INDEX norm_statistics_of_run ON norm_statistics (run_id);
`,
} as const
