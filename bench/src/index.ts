/** What the benches reckon with. */
export { parseCpuSeconds, parseRssBytes, type Usage, usageOf } from './process-usage.js'
export { median, quantile, ratioOf, type Spread, spreadOf } from './statistics.js'
export { figure, renderTable } from './table.js'
