/**
 * Returns the candidate of which `word` is most likely a misspelling.
 * @returns undefined if none is near: more than a third of the letters of the longer word would
 * change
 */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const longest = Math.max(word.length, candidate.length)
    if (Math.abs(word.length - candidate.length) * 3 > longest) continue
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance * 3 <= longest && distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/**
 * Number of letters to insert, delete, replace or swap with their neighbour (restricted
 * Damerau–Levenshtein distance).
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row[j] = Math.min(replaced, last[j]! + 1, row[j - 1]! + 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) row[j] = Math.min(row[j]!, beforeLast[j - 2]! + 1)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
