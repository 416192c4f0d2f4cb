/**
 * A table in plain text: the first column to the left, all others to the right.
 * @param rows the first one is the head
 */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length)
    })
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  const [head, ...body] = rows
  if (head === undefined) return ''
  return `${[line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n')}\n`
}

/** Three significant digits, large numbers whole; '-' for what is no number. */
export function figure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '-'
  if (value === 0 || Math.abs(value) >= 100) return value.toFixed(0)
  return value.toPrecision(3)
}
