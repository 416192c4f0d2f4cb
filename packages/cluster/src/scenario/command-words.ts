/** Words of a command line, or the reason why it has none. */
export type CommandWords =
  | { readonly ok: true; readonly words: readonly string[] }
  | { readonly ok: false; readonly problem: string }

/**
 * Splits a command line into words: at white space outside of quotes. Quotes of either kind are
 * taken off; there are no escapes, variables or patterns, since no shell is involved.
 *
 * @example commandWords("link impair lb-2 uplink --delay '20ms±5ms'")
 */
export function commandWords(text: string): CommandWords {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (const character of text) {
    if (quote !== undefined) {
      if (character === quote) quote = undefined
      else word = (word ?? '') + character
    } else if (character === "'" || character === '"') {
      quote = character
      word ??= ''
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + character
  }
  if (quote !== undefined) return { ok: false, problem: `has a quote ${quote} that is not closed` }
  if (word !== undefined) words.push(word)
  return words.length === 0 ? { ok: false, problem: 'is empty' } : { ok: true, words }
}
