/** Renders the counters that are not zero. @example counters({ ttl: 2, full: 0 }) // 'ttl 2' */
export function counters(values: Readonly<Record<string, number>>): string {
  const shown = Object.entries(values).filter(([, count]) => count > 0)
  return shown.length === 0 ? '-' : shown.map(([cause, count]) => `${cause} ${count}`).join(', ')
}
