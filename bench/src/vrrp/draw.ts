import { svgLine, svgRect, svgText } from '../svg.js'
import type { Measurement } from './measurement.js'

const WIDTH = 760
const MARGIN = 10
const LEFT = 130
const RIGHT = 20
const PLOT_WIDTH = WIDTH - LEFT - RIGHT
const BAR_HEIGHT = 22
const ROW_HEIGHT = 30
const TITLE_HEIGHT = 34
const GAP = 26
const SERIES_HEIGHT = 70
const COLOURS = { good: '#2f6f9f', failed: '#c8452c', line: '#8a8f98', text: '#1d2129' }
/** Colours, one per LB in turn. Neighbours also differ in lightness. */
const LB_COLOURS = ['#2f6f9f', '#7fb0d3', '#1e4866', '#a9cbe3', '#4d8db8', '#d0e3f0']

/** Shapes from the top down, and the position of the next one. */
interface Drawing {
  readonly parts: string[]
  y: number
}

/** Draws the comparison as an SVG picture: capacity and shares as bars, the takeovers over time. */
export function drawMeasurements(measurements: readonly Measurement[], newFlowsPerSecond: number): string {
  const drawing: Drawing = { parts: [], y: 10 }
  drawCapacity(drawing, measurements, newFlowsPerSecond)
  drawShares(drawing, measurements)
  drawTakeovers(drawing, measurements)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${drawing.y}" width="${WIDTH}" height="${drawing.y}" font-family="sans-serif" font-size="13" shape-rendering="crispEdges">
<rect width="${WIDTH}" height="${drawing.y}" fill="#ffffff"/>
${drawing.parts.join('\n')}
</svg>
`
}

function drawCapacity(drawing: Drawing, measurements: readonly Measurement[], unit: number): void {
  title(drawing, `Capacity: requests a second with less than 1 % failed, each LB carrying ${unit}`)
  const most = Math.max(1, ...measurements.map(({ capacity }) => capacity))
  const scale = (PLOT_WIDTH - 60) / most
  for (const { topology, capacity } of measurements) {
    label(drawing, topology)
    const width = capacity * scale
    rect(drawing, LEFT, drawing.y, width, BAR_HEIGHT, COLOURS.good)
    text(drawing, LEFT + width + 6, drawing.y + 16, String(capacity))
    drawing.y += ROW_HEIGHT
  }
  drawing.y += GAP
}

function drawShares(drawing: Drawing, measurements: readonly Measurement[]): void {
  title(drawing, 'Share of flows per LB')
  for (const { topology, evenness } of measurements) {
    label(drawing, topology)
    let x = LEFT
    Object.keys(evenness.flows).forEach((lb, i) => {
      const share = evenness.shares[i]!
      const width = share * PLOT_WIDTH
      if (width === 0) return
      rect(drawing, x, drawing.y, width, BAR_HEIGHT, LB_COLOURS[i % LB_COLOURS.length]!)
      // Text needs space and a background with contrast.
      if (width > 80) {
        const colour = i % 2 === 0 && i % LB_COLOURS.length !== 4 ? '#ffffff' : COLOURS.text
        text(drawing, x + 6, drawing.y + 16, `${lb} ${(100 * share).toFixed(1)} %`, colour)
      }
      x += width
    })
    drawing.y += ROW_HEIGHT
  }
  drawing.y += GAP
}

function drawTakeovers(drawing: Drawing, measurements: readonly Measurement[]): void {
  title(drawing, 'An LB is killed, and started again: requests completed and failed, in steps of 100 ms')
  for (const { topology, takeover } of measurements) {
    const { series, slotMs, killedAtMs } = takeover
    label(drawing, topology)
    const base = drawing.y + SERIES_HEIGHT
    const most = Math.max(1, ...series.map(({ due }) => due))
    const slotWidth = PLOT_WIDTH / Math.max(series.length, 1)
    series.forEach(({ completed, failed }, i) => {
      const x = LEFT + i * slotWidth
      const good = (completed / most) * SERIES_HEIGHT
      const bad = (failed / most) * SERIES_HEIGHT
      rect(drawing, x, base - good, slotWidth, good, COLOURS.good)
      rect(drawing, x, base - good - bad, slotWidth, bad, COLOURS.failed)
    })
    const at = (ms: number): number => LEFT + (ms / slotMs) * slotWidth
    line(drawing, LEFT, base, WIDTH - RIGHT, base)
    for (let s = 0; s * 1000 < series.length * slotMs; s++) text(drawing, at(s * 1000), base + 15, `${s} s`)
    line(drawing, at(killedAtMs), drawing.y - 6, at(killedAtMs), base + 6)
    text(drawing, at(killedAtMs) + 4, drawing.y + 16, `${takeover.killed} killed`, '#ffffff')
    text(drawing, MARGIN, drawing.y + 34, `outage ${takeover.outageMs} ms`)
    text(
      drawing,
      MARGIN,
      drawing.y + 52,
      `${takeover.failed} failed`,
      takeover.failed > 0 ? COLOURS.failed : COLOURS.text,
    )
    drawing.y = base + GAP
  }
}

function title(drawing: Drawing, words: string): void {
  drawing.parts.push(svgText(MARGIN, drawing.y + 14, words, { fill: COLOURS.text, 'font-weight': 'bold' }))
  drawing.y += TITLE_HEIGHT
}

function label(drawing: Drawing, words: string): void {
  text(drawing, MARGIN, drawing.y + 16, words)
}

function text(drawing: Drawing, x: number, y: number, words: string, colour: string = COLOURS.text): void {
  drawing.parts.push(svgText(x, y, words, { fill: colour }))
}

function rect(drawing: Drawing, x: number, y: number, width: number, height: number, colour: string): void {
  drawing.parts.push(svgRect(x, y, width, height, { fill: colour }))
}

function line(drawing: Drawing, x1: number, y1: number, x2: number, y2: number): void {
  drawing.parts.push(svgLine(x1, y1, x2, y2, { stroke: COLOURS.line }))
}
