/**
 * Writes rows as CSV (RFC 4180), with LF behind each; null is an empty field.
 * @example csv(['lb', 'flows'], [['lb-1', 12]]) // 'lb,flows\nlb-1,12\n'
 */
export function csv(columns: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  return [columns, ...rows].map((row) => `${row.map((cell) => field(cell ?? '')).join(',')}\n`).join('')
}

function field(cell: string | number): string {
  const text = String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
