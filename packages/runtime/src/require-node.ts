/**
 * Check of the Node.js version, which every program makes before it loads anything else. Old
 * versions must be able to parse this file: it has no syntax newer than ES2018 and no imports.
 */

/**
 * Oldest Node.js that fivetuple runs on, as in `engines` of package.json. Older ones lack
 * `import.meta.resolve`.
 */
const OLDEST = [20, 6] as const

/** Reason why a version of Node.js, as in '20.5.1', is too old; undefined if it is not. */
export function nodeRefusal(version: string): string | undefined {
  const [major, minor] = version.split('.').map(Number) as [number, number]
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined
  return `fivetuple needs Node.js ${OLDEST.join('.')} or newer, and this is ${version}.`
}

/** Ends this process with one sentence if its Node.js is too old. */
export function requireNode(): void {
  const refusal = nodeRefusal(process.versions.node)
  if (refusal === undefined) return
  process.stderr.write(`${refusal}\n`)
  process.exit(1)
}
