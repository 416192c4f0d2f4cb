import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Node } from 'yaml'

/**
 * Largest number of values in a file, counted as often as aliases repeat them. If every VIP of the
 * largest cluster repeats a list of all backends, there are 250,000. A chain of aliases can stand
 * for more values than any memory holds.
 */
const MAX_VALUES = 500_000

/** Records an error at a node. */
type ReportAt = (node: Node, problem: string, remedy: string) => void

/** True for the key `<<`. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && typeof key.value === 'symbol'
}

/**
 * Reports aliases without an anchor, aliases that contain themselves or make the file too large,
 * and merge keys whose value is no mapping. The values behind an anchor are counted once, so the
 * time of the check is linear in the length of the file.
 */
export function checkAliases(document: Document.Parsed, report: ReportAt): void {
  /** Number of values that a node stands for; 0 while it is being counted. */
  const counts = new Map<unknown, number>()
  let isTooLarge = false

  const count = (node: unknown): number => {
    if (isAlias(node)) return countAlias(node)
    if (!isMap(node) && !isSeq(node)) return 1
    const known = counts.get(node)
    if (known !== undefined) return known
    counts.set(node, 0)
    let sum = 1
    for (const item of node.items) {
      if (!isMap(node)) sum += count(item)
      else {
        const { key, value } = item as { key: unknown; value: unknown }
        sum += count(value)
        if (isMergeKey(key)) checkMerge(value as Node)
      }
    }
    counts.set(node, sum)
    return sum
  }

  const countAlias = (alias: Alias): number => {
    const target = alias.resolve(document)
    if (target === undefined) {
      report(
        alias,
        `*${alias.source} has no anchor before it`,
        `mark a value with &${alias.source} above, or correct the name`,
      )
      return 1
    }
    const values = count(target)
    if (values === 0)
      report(alias, `*${alias.source} is part of what it stands for`, 'move the anchor or remove the alias')
    else if (values > MAX_VALUES && !isTooLarge) {
      isTooLarge = true // aliases of this node are too large as well
      report(alias, `*${alias.source} stands for ${values} values`, `aliases may repeat at most ${MAX_VALUES} values`)
    }
    return values
  }

  const checkMerge = (value: Node): void => {
    const target = isAlias(value) ? value.resolve(document) : value
    const sources = isSeq(target) ? target.items.map((one) => (isAlias(one) ? one.resolve(document) : one)) : [target]
    if (sources.some((source) => source !== undefined && !isMap(source)))
      report(value, '<< has a value that is no mapping', 'merge a mapping, as in <<: *defaults, or a list of mappings')
  }

  const total = count(document.contents)
  if (total > MAX_VALUES && !isTooLarge)
    report(
      document.contents as Node,
      `the file stands for ${total} values`,
      `aliases may repeat at most ${MAX_VALUES} values`,
    )
}
