/** What federations report before their first round and after each; kept until their stage has its result. */
export const federations = {
  version: 4,
  sql: `
CREATE TABLE federation_reports (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  stage INTEGER NOT NULL,
  step INTEGER NOT NULL,
  report TEXT NOT NULL
) STRICT;
CREATE INDEX federation_reports_of_run ON federation_reports (run_id);
`,
} as const
