/** Shapes for drawn reports, as text. Attributes are passed unchanged: colours or classes. */
export type SvgAttributes = Readonly<Record<string, string | number>>

export function svgRect(x: number, y: number, width: number, height: number, attributes: SvgAttributes): string {
  if (width <= 0 || height <= 0) return ''
  return `<rect${render({ x, y, width, height, ...attributes })}/>`
}

export function svgLine(x1: number, y1: number, x2: number, y2: number, attributes: SvgAttributes): string {
  return `<line${render({ x1, y1, x2, y2, ...attributes })}/>`
}

export function svgText(x: number, y: number, words: string, attributes: SvgAttributes): string {
  return `<text${render({ x, y, ...attributes })}>${escapeXml(words)}</text>`
}

export function escapeXml(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function render(attributes: SvgAttributes): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${typeof value === 'number' ? round(value) : escapeXml(value)}"`)
    .join('')
}

/** Rounds to two digits, finer than any screen. */
function round(value: number): number {
  return Math.round(value * 100) / 100
}
