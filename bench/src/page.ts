import type { Environment } from './report.js'
import { escapeXml } from './svg.js'

/** Section of a drawn report. */
export interface PageSection {
  readonly title: string
  /** Paragraphs below the title. */
  readonly words?: readonly string[]
  /**
   * Picture whose colours are classes: `s1` and `s2` for series, `grid`, `axis`, `spread`, and
   * `muted` and `value` for text.
   */
  readonly svg?: string
  /** Table, whose first row is the head. */
  readonly table?: readonly (readonly string[])[]
}

export interface Page {
  readonly title: string
  /** Summary, in a sentence or two. */
  readonly lead: string
  readonly environment: Environment
  /** Further facts: versions, options. */
  readonly facts?: Readonly<Record<string, string>>
  readonly sections: readonly PageSection[]
}

const STYLE = `
:root { color-scheme: light dark; --page: #f4f5f6; --card: #ffffff; --text: #1b1f24; --muted: #5c6570; --grid: #e4e7ea; --axis: #9aa2ac;
  --s1: #2468ad; --s2: #c9741d; --s3: #4b8f5c; --s4: #8a5aa8; }
@media (prefers-color-scheme: dark) { :root { --page: #121519; --card: #1a1e24; --text: #e7eaee; --muted: #9aa5b1; --grid: #2b313a; --axis: #66707c;
  --s1: #62a8ea; --s2: #eba55a; --s3: #7cc28f; --s4: #bd93d8; } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif }
main { max-width: 1140px; margin: 0 auto; padding: 32px 20px 48px }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 8px }
h2 { font-size: 17px; margin: 0 0 6px }
.lead { margin: 0 0 18px; max-width: 75ch }
dl { display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 0 0 22px; font-size: 13px }
dl div { display: flex; gap: 6px } dt { color: var(--muted) } dd { margin: 0 }
section { background: var(--card); border: 1px solid var(--grid); border-radius: 8px; padding: 18px 20px; margin: 0 0 16px }
section p { margin: 0 0 10px; max-width: 85ch; color: var(--muted); font-size: 14px }
.wide { overflow-x: auto }
svg { display: block; min-width: 820px; width: 100%; height: auto; font: 12px system-ui, "Segoe UI", Roboto, sans-serif }
svg text { fill: var(--text) } svg .muted { fill: var(--muted) } svg .small { font-size: 11px } svg .head { font-weight: 600 }
svg .value { font-variant-numeric: tabular-nums }
svg .s1 { fill: var(--s1) } svg .s2 { fill: var(--s2) } svg .s3 { fill: var(--s3) } svg .s4 { fill: var(--s4) }
svg .l1 { stroke: var(--s1) } svg .l2 { stroke: var(--s2) } svg .l3 { stroke: var(--s3) } svg .l4 { stroke: var(--s4) } svg .line { fill: none; stroke-width: 2 }
svg .grid { stroke: var(--grid) } svg .axis { stroke: var(--axis) } svg .spread { stroke: var(--text); stroke-opacity: .65 } svg .cap { fill: var(--text); fill-opacity: .65 }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; width: 100% }
th, td { padding: 3px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid) }
th:first-child, td:first-child, .words { text-align: left } th { color: var(--muted); font-weight: 600 }
`

/** Renders a drawn report: one HTML file without external resources, in light and dark. */
export function renderPage({ title, lead, environment, facts = {}, sections }: Page): string {
  const about = { ...environmentFacts(environment), ...facts }
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeXml(title)}</h1>
<p class="lead">${escapeXml(lead)}</p>
<dl>${Object.entries(about)
    .map(([name, value]) => `<div><dt>${escapeXml(name)}</dt><dd>${escapeXml(value)}</dd></div>`)
    .join('')}</dl>
${sections.map(renderSection).join('\n')}
</main>
</body>
</html>
`
}

/** Describes the environment of a run. */
export function environmentFacts(at: Environment): Record<string, string> {
  return {
    date: at.date.slice(0, 16).replace('T', ' '),
    commit: `${at.commit.slice(0, 12)}${at.isDirty ? ' and changes' : ''}`,
    machine: `${at.cpus} CPUs, ${at.cpuModel}`,
    system: at.platform,
    'load average': at.loadAverage.map((load) => load.toFixed(2)).join(' '),
    Node: at.node,
  }
}

function renderSection({ title, words = [], svg, table }: PageSection): string {
  return `<section>
<h2>${escapeXml(title)}</h2>
${words.map((paragraph) => `<p>${escapeXml(paragraph)}</p>`).join('\n')}
${svg === undefined ? '' : `<div class="wide">${svg}</div>`}
${table === undefined ? '' : `<div class="wide">${renderHtmlTable(table)}</div>`}
</section>`
}

function renderHtmlTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  // Columns of words are aligned left, columns of figures right.
  const isWords = head.map((_, i) => rows.every((row) => !/^[\d-]/.test(row[i] ?? '')))
  const cells = (tag: string, row: readonly string[]): string =>
    row.map((cell, i) => `<${tag}${isWords[i] ? ' class="words"' : ''}>${escapeXml(cell)}</${tag}>`).join('')
  return `<table><thead><tr>${cells('th', head)}</tr></thead><tbody>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('')}</tbody></table>`
}
