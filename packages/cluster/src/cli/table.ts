/**
 * Lays rows out in columns as wide as their widest cell. Columns of numbers are aligned to the
 * right. The first row is the heading; other rows may be shorter.
 * @example table([['NAME', 'FLOWS'], ['lb-1', 12]]) // 'NAME  FLOWS\nlb-1     12\n'
 */
export function table(rows: readonly (readonly (string | number)[])[], indent = ''): string {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, String(cell).length)
    })
  const numeric = widths.map(
    (_, i) => rows.slice(1).length > 0 && rows.slice(1).every((row) => i >= row.length || typeof row[i] === 'number'),
  )
  return rows
    .map((row) =>
      (indent + row.map((cell, i) => pad(String(cell), widths[i] ?? 0, numeric[i] ?? false)).join('  ')).trimEnd(),
    )
    .join('\n')
    .concat('\n')
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width)
}
