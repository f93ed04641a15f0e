/** The look of a report: that of the window, light or dark as the reader's system has it, and fit for paper. */

export const reportStyle = `
:root {
  color-scheme: light dark;
  --page: #fafbf8; --raised: #fff; --line: #dde2da;
  --ink: #1a211c; --ink-2: #4a544c; --ink-3: #5b655d;
  --accent: #27733a; --bar: #5c9a69; --bar-rest: #e3e7e0;
  --series-1: #0072b2; --series-2: #c25400; --series-3: #007a5a; --series-4: #b0568c;
  --series-5: #8a6d00; --series-6: #2a86b8; --series-7: #5b5b5b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #151a16; --raised: #1d231f; --line: #2a322c;
    --ink: #e6ebe6; --ink-2: #b3bdb5; --ink-3: #99a49c;
    --accent: #7cc78c; --bar: #5c9a69; --bar-rest: #2a322c;
    --series-1: #5ab4e6; --series-2: #ec8a3c; --series-3: #3fbf97; --series-4: #d68ab8;
    --series-5: #d2b13c; --series-6: #8fc9ee; --series-7: #a8a8a8;
  }
}
@media print { :root { --page: #fff } section { break-inside: avoid } }
* { box-sizing: border-box }
body {
  margin: 0 auto; padding: 32px 24px 48px; max-width: 960px;
  background: var(--page); color: var(--ink); font: 14px/20px Inter, system-ui, sans-serif;
}
h1 { margin: 0; font-size: 22px; line-height: 28px; letter-spacing: -0.014em }
h2 { margin: 32px 0 4px; font-size: 15px }
p { margin: 4px 0 12px; color: var(--ink-2); max-width: 72ch }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 12px 0 0; color: var(--ink-2) }
dt { color: var(--ink-3) }
dd { margin: 0; overflow-wrap: anywhere }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 4px 16px 4px 0; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--line) }
thead th { color: var(--ink-3); font-weight: 500; vertical-align: bottom }
tbody th { font-weight: 500 }
.number { text-align: right }
.heat td { min-width: 72px; padding: 4px 12px; text-align: right; border: 2px solid var(--page) }
.key { display: inline-block; width: 10px; height: 10px; margin-right: 6px; border-radius: 2px }
ul { display: flex; flex-wrap: wrap; gap: 2px 20px; margin: 4px 0; padding: 0; list-style: none; color: var(--ink-2) }
svg { display: block; max-width: 100%; height: auto; font: 12px/16px Inter, system-ui, sans-serif }
footer { margin-top: 40px; padding-top: 12px; border-top: 1px solid var(--line); color: var(--ink-3) }
`
