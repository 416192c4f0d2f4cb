/** Former words of commands and options, and their new ones; a last '…' stands for any ending. */
const RENAMED: readonly (readonly [before: string, now: string])[] = [
  ['hang', 'pause'],
  ['cable cut', 'link down'],
  ['cable restore', 'link up'],
  ['cable', 'link'],
  ['backend hang', 'backend stall'],
  ['backend heal', 'backend restore'],
  ['predict lb-…', 'predict --kill lb-…'],
  ['--hold', '--keep-stopped'],
]

/**
 * Returns the remedy for a command line with a former name; undefined if there is none.
 * @example renamedTo(['cable', 'cut', 'lb-2']) // "'cable cut' is 'link down' now"
 */
export function renamedTo(words: readonly string[]): string | undefined {
  const line = ` ${words.join(' ')} `
  const found = RENAMED.find(([before]) =>
    before.startsWith('--')
      ? line.includes(` ${before} `)
      : line.startsWith(before.endsWith('…') ? ` ${before.slice(0, -1)}` : ` ${before} `),
  )
  return found && `'${found[0]}' is '${found[1]}' now`
}
