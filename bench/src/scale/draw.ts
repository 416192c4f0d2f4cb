import { svgLine, svgRect, svgText } from '../svg.js'
import { figure } from '../table.js'
import type { LoadName, ScaleResult } from './measure.js'

const WIDTH = 1100
const PANELS_MAX = 3
const PANEL_GAP = 40
const PANEL_WIDTH = (WIDTH - PANEL_GAP * (PANELS_MAX - 1)) / PANELS_MAX
const LEGEND_STEP = 112
const HEAD_HEIGHT = 46
const PLOT_HEIGHT = 170
const FOOT_HEIGHT = 40
const BAR_SHARE = 0.56
/** Room above the highest bar for its figure. */
const HEADROOM = 1.15

/** Parts of a bar, from the bottom up. */
interface Part {
  readonly words: string
  /** Colour: `s1` and so on. */
  readonly number: number
  readonly of: (result: ScaleResult) => number
}

interface Panel {
  readonly title: string
  readonly parts: readonly Part[]
}

const PANELS: readonly Panel[] = [
  { title: 'CPU µs per request, closed loop', parts: cpuParts('closed') },
  { title: 'CPU µs per request, fixed rate', parts: cpuParts('paced') },
  { title: 'Start to first response, s', parts: [{ words: '', number: 4, of: ({ startMs }) => startMs / 1000 }] },
]

function cpuParts(load: LoadName): Part[] {
  return [
    { words: 'uplink switch', number: 1, of: ({ loads }) => loads[load].byHop.uplink },
    { words: 'LBs', number: 2, of: ({ loads }) => loads[load].byHop.lbs },
    { words: 'downlink switch', number: 3, of: ({ loads }) => loads[load].byHop.downlink },
  ]
}

/**
 * Draws the cost of growth along one axis: a bar for each point, side by side for CPU time under
 * both loads and for the time to start.
 *
 * @param axis name of the axis, for display
 */
export function drawGrowth(axis: string, results: readonly ScaleResult[]): string {
  const height = HEAD_HEIGHT + PLOT_HEIGHT + FOOT_HEIGHT
  const parts = PANELS.flatMap((panel, i) => drawPanel(panel, axis, results, i * (PANEL_WIDTH + PANEL_GAP)))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="what more ${axis} cost">
${parts.filter(Boolean).join('\n')}
</svg>`
}

function drawPanel({ title, parts }: Panel, axis: string, results: readonly ScaleResult[], left: number): string[] {
  const base = HEAD_HEIGHT + PLOT_HEIGHT
  const totals = results.map((result) => parts.reduce((sum, { of }) => sum + finite(of(result)), 0))
  const scale = PLOT_HEIGHT / (Math.max(...totals, Number.MIN_VALUE) * HEADROOM)
  const slot = PANEL_WIDTH / results.length
  const width = Math.min(slot * BAR_SHARE, 64)
  return [
    svgText(left, 16, title, { class: 'head' }),
    ...drawLegend(parts, left),
    ...results.flatMap((result, i) => {
      const middle = left + slot * (i + 0.5)
      let y = base
      const bars = parts.map(({ number, of }) => {
        const size = finite(of(result)) * scale
        y -= size
        return svgRect(middle - width / 2, y, width, size, { class: `s${number}` })
      })
      return [
        ...bars,
        svgText(middle, y - 6, figure(totals[i]), { class: 'value small', 'text-anchor': 'middle' }),
        svgText(middle, base + 16, result.point.value.toLocaleString('en'), {
          class: 'value',
          'text-anchor': 'middle',
        }),
      ]
    }),
    svgLine(left, base, left + PANEL_WIDTH, base, { class: 'axis' }),
    svgText(left + PANEL_WIDTH, base + 34, axis, { class: 'muted small', 'text-anchor': 'end' }),
  ]
}

function drawLegend(parts: readonly Part[], left: number): string[] {
  return parts.length < 2
    ? []
    : parts.flatMap(({ words, number }, i) => [
        svgRect(left + i * LEGEND_STEP, 27, 11, 11, { class: `s${number}` }),
        svgText(left + 17 + i * LEGEND_STEP, 37, words, { class: 'muted small' }),
      ])
}

/** Bars without a measurement have no height. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : 0
}
