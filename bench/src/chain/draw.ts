import type { Spread } from '../statistics.js'
import { svgLine, svgRect, svgText } from '../svg.js'
import type { ContenderName } from './contender.js'
import {
  type ChainResult,
  type Figure,
  fabricCpuMicrosOf,
  measuredContenders,
  p99Ms,
  ratioTo,
  speedOf,
} from './result.js'

const WIDTH = 1100
const LABEL_WIDTH = 292
const PANEL_WIDTH = 254
const PANEL_GAP = 22
/** Of a panel: figures stand beside the bars. */
const VALUE_WIDTH = 50
const HEAD_HEIGHT = 74
const ROW_HEIGHT = 40
const BAR_HEIGHT = 11
const TICK_HEIGHT = 4
/** Limit of the bars, as a factor. */
const SCALES = [2, 4, 8, 16]

const SERIES: readonly { readonly contender: ContenderName; readonly words: string; readonly number: 1 | 2 }[] = [
  { contender: 'haproxy', words: 'against HAProxy ×3', number: 1 },
  { contender: 'nginx', words: 'against nginx stream ×3', number: 2 },
]

interface Panel {
  readonly title: string
  readonly words: string
  readonly figureOf: (result: ChainResult) => Figure
}

const PANELS: readonly Panel[] = [
  { title: 'Speed', words: 'to the right: faster', figureOf: speedOf },
  { title: 'Latency, p99', words: 'to the left: shorter', figureOf: () => p99Ms },
  { title: 'CPU per request or MiB', words: 'to the left: less', figureOf: fabricCpuMicrosOf },
]

/**
 * Draws the ratios of fivetuple to the chains of others: a row for each case, bars from 1 on a
 * logarithmic scale.
 */
export function drawRatios(results: readonly ChainResult[]): string {
  const rows = results.filter((result) => measuredContenders(result).includes('fivetuple'))
  const height = HEAD_HEIGHT + rows.length * ROW_HEIGHT + 8
  const parts = [
    ...drawLegend(),
    ...rows.flatMap((result, i) => drawLabel(result, HEAD_HEIGHT + i * ROW_HEIGHT)),
    ...PANELS.flatMap((panel, i) =>
      drawPanel(panel, rows, LABEL_WIDTH + i * (PANEL_WIDTH + PANEL_GAP), height - 8 - HEAD_HEIGHT),
    ),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="fivetuple against chains of other proxies">
${parts.filter(Boolean).join('\n')}
</svg>`
}

function drawLegend(): string[] {
  return SERIES.flatMap(({ words, number }, i) => [
    svgRect(0, 6 + i * 20, BAR_HEIGHT, BAR_HEIGHT, { class: `s${number}` }),
    svgText(18, 16 + i * 20, words, {}),
  ])
}

function drawLabel({ name, words }: ChainResult, y: number): string[] {
  return [
    svgLine(0, y, WIDTH, y, { class: 'grid' }),
    svgText(0, y + 17, name, {}),
    svgText(0, y + 32, words, { class: 'muted small' }),
  ]
}

function drawPanel(
  { title, words, figureOf }: Panel,
  rows: readonly ChainResult[],
  left: number,
  height: number,
): string[] {
  const bars = rows.map((result) => SERIES.map(({ contender }) => ratioTo(result, contender, figureOf(result))))
  const most = Math.max(...bars.flat().map((spread) => Math.abs(Math.log2(spread?.median ?? 1))))
  const limit = SCALES.find((scale) => Math.log2(scale) >= most) ?? SCALES.at(-1)!
  const width = PANEL_WIDTH - VALUE_WIDTH
  /** From 1/limit to limit, logarithmically. */
  const x = (ratio: number): number => {
    const place = Math.log2(ratio) / Math.log2(limit)
    return left + (width * (Math.min(Math.max(place, -1), 1) + 1)) / 2
  }
  const ticks = [1 / limit, Math.sqrt(1 / limit), 1, Math.sqrt(limit), limit]
  return [
    svgText(left, 16, title, { class: 'head' }),
    svgText(left, 34, words, { class: 'muted small' }),
    ...ticks.flatMap((ratio) => [
      svgLine(x(ratio), HEAD_HEIGHT - TICK_HEIGHT, x(ratio), HEAD_HEIGHT + height, {
        class: ratio === 1 ? 'axis' : 'grid',
      }),
      svgText(x(ratio), HEAD_HEIGHT - 9, `${Number(ratio.toPrecision(2))}`, {
        class: 'muted small value',
        'text-anchor': 'middle',
      }),
    ]),
    ...bars.flatMap((spreads, row) =>
      spreads.flatMap((spread, i) =>
        drawBar(
          spread,
          x,
          HEAD_HEIGHT + row * ROW_HEIGHT + 7 + i * (BAR_HEIGHT + 4),
          SERIES[i]!.number,
          left + PANEL_WIDTH - 8,
        ),
      ),
    ),
  ]
}

function drawBar(
  spread: Spread | undefined,
  x: (ratio: number) => number,
  y: number,
  series: number,
  valueX: number,
): string[] {
  const middle = y + BAR_HEIGHT / 2
  const value = { class: 'value small', 'text-anchor': 'end' }
  if (spread === undefined) return [svgText(valueX, middle + 4, '–', { ...value, class: 'muted small' })]
  const { median, min, max } = spread
  return [
    svgRect(Math.min(x(1), x(median)), y, Math.abs(x(median) - x(1)), BAR_HEIGHT, { class: `s${series}` }),
    svgLine(x(min), middle, x(max), middle, { class: 'spread' }),
    ...[min, max].map((end) => svgLine(x(end), middle - 3, x(end), middle + 3, { class: 'spread' })),
    svgText(valueX, middle + 4, median.toFixed(2), value),
  ]
}
