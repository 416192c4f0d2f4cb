// The language of comments, as the glossary has it: width, openings of doc comments, and words that have a better one.

const COLUMNS_MAX = 100

/** Openings that leave a doc comment without a subject or a verb. */
const HEADLESS = /^(What|Whether|Who|How|Why|Where|Whom|Whose|Which)\b/

/** The same at the start of a line comment, or of a further paragraph of a doc comment. */
const HEADLESS_LINE = /^(What|Whether|Who)\b/

/** Words that are unambiguous in prose, and their replacements. */
const WORDS = [
  [/\bmend(s|ed|ing)?\b/i, 'repair, restore'],
  [/\bheal(s|ed|ing)?\b/i, 'restore'],
  [/\b(tell|tells|told)\b/i, 'report, send, return'],
  [/\bsaid\b/i, 'reported, stated'],
  [/\b(patience|gives? up)\b/i, 'timeout, deadline'],
  [/\blast resort\b/i, 'panic mode'],
  [/\bwarmth\b/i, 'slow-start factor'],
  [/\bbecomes? of\b/i, 'outcome'],
]

/**
 * Finds what the language rules object to in the comments of a source file.
 *
 * @param {string} text
 * @returns {{ line: number, rule: 'width' | 'opening' | 'word', what: string }[]}
 */
export function languageFindings(text) {
  const findings = []
  let isDoc = false
  const lines = text.split('\n')
  lines.forEach((source, i) => {
    const line = i + 1
    const report = (rule, what) => findings.push({ line, rule, what })
    const opens = /^\s*\/\*\*(?!\/)/.test(source)
    const comment =
      opens || isDoc ? source.replace(/^\s*(\/\*\*|\*\/|\*)\s?/, '') : /(?:^|\s)\/\/ (.*)$/.exec(source)?.[1]
    if (comment === undefined) return
    const isWhole = opens || isDoc || /^\s*\/\//.test(source)
    if (isWhole && source.length > COLUMNS_MAX && /\s/.test(source.trim().slice(3)))
      report('width', `has ${source.length} columns in a comment, and ${COLUMNS_MAX} are allowed`)
    const first = opens && comment.trim() === '' ? lines[i + 1]?.replace(/^\s*\*\s?/, '') : comment
    const startsParagraph = isDoc ? /^\s*\*\s*$/.test(lines[i - 1]) : isWhole
    const headless = (opens ? HEADLESS.exec(first ?? '') : startsParagraph ? HEADLESS_LINE.exec(comment) : null)?.[1]
    if (headless !== undefined) report('opening', `opens with '${headless}': open with a noun phrase or a verb`)
    const prose = comment.replace(/`[^`]*`|\{@link [^}]*\}/g, '')
    for (const [word, instead] of WORDS) {
      const found = word.exec(prose)?.[0]
      if (found !== undefined) report('word', `has the word '${found}': use ${instead}`)
    }
    isDoc = (isDoc || opens) && !source.includes('*/')
  })
  return findings
}
