/** A run knows which run tried it. Until now only its log said so, in the words that are looked for here. */
export const triedBy = {
  version: 5,
  sql: `
ALTER TABLE runs ADD COLUMN tried_by TEXT REFERENCES runs (id) ON DELETE SET NULL;
UPDATE runs SET tried_by = (
  SELECT search.id FROM log JOIN runs AS search ON search.number = CAST(substr(log.text, 14) AS INTEGER)
  WHERE log.run_id = runs.id
    AND log.text LIKE 'Tried by run %, which looks for the highest sparsity at its accuracy.'
);
`,
} as const
