/**
 * Renders a table in plain text: the first column aligned left, all others right.
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

/**
 * Formats a number with three significant digits, or a large one without decimals; '-' if it is not
 * a number.
 */
export function figure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '-'
  if (value === 0 || Math.abs(value) >= 100) return value.toFixed(0)
  return value.toPrecision(3)
}
