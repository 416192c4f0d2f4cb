import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml'
import { type ConfigError, type ConfigPath, type Locate, sortFindings } from './config-error.js'
import { MAX_CONFIG_BYTES } from './limits.js'
import { checkAliases, isMergeKey } from './yaml-aliases.js'

/** Number of syntax errors that are reported: further ones are mostly consequences of the first. */
const MAX_SYNTAX_ERRORS = 10
/** Message of the parser for a RangeError that it caught. */
const STACK_OVERFLOW = 'Maximum call stack'
/** Quotation of the text in a message of the parser. */
const MAX_MESSAGE_LENGTH = 120

/** YAML text as a value, with the place of each part. */
export type YamlSource =
  | { readonly ok: true; readonly value: unknown; readonly locate: Locate }
  | { readonly ok: false; readonly errors: readonly ConfigError[] }

/**
 * Parses one YAML document, with merge keys (`<<`). Never throws. An empty text is an empty
 * mapping.
 */
export function readYaml(text: string, file: string): YamlSource {
  const whole = (problem: string, remedy: string): YamlSource => ({
    ok: false,
    errors: [{ file, line: 1, column: 1, path: '', problem, remedy }],
  })
  if (text.length > MAX_CONFIG_BYTES)
    return whole(`the file has ${text.length} characters`, `at most ${MAX_CONFIG_BYTES} are read`)
  try {
    return parse(text, file)
  } catch (error) {
    // The parser recurses.
    return error instanceof RangeError
      ? whole('the file is nested too deeply', 'a configuration needs no more than a few levels')
      : whole('the file is no usable YAML', error instanceof Error ? error.message : String(error))
  }
}

function parse(text: string, file: string): YamlSource {
  const lines = new LineCounter()
  const at = (offset: number): { file: string; line: number; column: number } => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false, merge: true })
  const errors: ConfigError[] = [...document.errors, ...document.warnings]
    .slice(0, MAX_SYNTAX_ERRORS)
    .map(({ code, message, pos }) => ({
      ...at(pos[0]),
      path: '',
      problem:
        PROBLEMS[code] ?? (message.startsWith(STACK_OVERFLOW) ? 'the file is nested too deeply' : firstLine(message)),
      remedy: remedyOf(code, message),
    }))
  if (errors.length > 0) return { ok: false, errors: onePerPlace(errors) }
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        const value = isScalar(key) ? nameOf(key.value) : undefined
        const [offset] = (key as ParsedNode).range ?? [0]
        const found = { ...at(offset), path: '' }
        if (typeof value !== 'string')
          errors.push({ ...found, problem: 'a key is no text', remedy: 'keys are names of settings' })
        else if (seen.has(value))
          errors.push({ ...found, problem: `'${value}' is there twice`, remedy: 'keep one of them' })
        seen.add(value)
      }
    },
  })
  checkAliases(document, (node, problem, remedy) =>
    errors.push({ ...at(node.range?.[0] ?? 0), path: '', problem, remedy }),
  )
  if (errors.length > 0) return { ok: false, errors: sortFindings(errors) }
  const value: unknown = document.toJS({ maxAliasCount: -1 }) // they have been counted
  return { ok: true, value: value ?? {}, locate: (path) => at(offsetOf(document, path)) }
}

/**
 * Reports repeated merge keys. To the parser a merge key is a symbol, so it does not detect the
 * repetition.
 */
function nameOf(key: unknown): unknown {
  return typeof key === 'symbol' ? key.description : key
}

/** Problems that the parser describes in terms of its own programming interface. */
const PROBLEMS: Readonly<Partial<Record<string, string>>> = { MULTIPLE_DOCS: 'the file has several documents' }

const SYNTAX_REMEDIES: Readonly<Partial<Record<string, string>>> = {
  TAB_AS_INDENT: 'indent with spaces',
  MULTIPLE_DOCS: 'a file holds one configuration: remove this line and what follows, or split the file',
  TAG_RESOLVE_FAILED: 'remove the tag',
  MISSING_CHAR: 'a bracket, comma, quote or space is missing',
  BAD_INDENT: 'indent all entries of a mapping or list alike',
}

/**
 * Message for the code that the parser uses for two errors: it also reports an unclosed [ or { as
 * bad indentation.
 */
function remedyOf(code: string, message: string): string {
  if (code === 'BAD_INDENT' && message.startsWith('Flow ')) return 'close the bracket, or indent what is inside it'
  return SYNTAX_REMEDIES[code] ?? 'correct the YAML here'
}

/**
 * Returns the offset of the key that the last step names, or of the nearest enclosing part if the
 * path does not exist.
 */
function offsetOf(document: Document.Parsed, path: ConfigPath): number {
  let node: unknown = document.contents
  let offset = document.contents?.range[0] ?? 0
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = pairOf(document, node, step)
      if (pair === undefined) return offset
      offset = (pair.key as ParsedNode).range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      if (node === undefined) return offset
      offset = (node as Node).range?.[0] ?? offset
    } else return offset
  }
  return offset
}

/** Returns the entry of a mapping: its own, else the first one in the merged mappings. */
function pairOf(document: Document.Parsed, map: YAMLMap, name: string | number): Pair | undefined {
  const own = map.items.find(({ key }) => isScalar(key) && key.value === name)
  if (own !== undefined) return own
  const resolved = (node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node)
  for (const { key, value } of map.items) {
    if (!isMergeKey(key)) continue
    const source = resolved(value)
    for (const merged of isSeq(source) ? source.items.map(resolved) : [source]) {
      const pair = isMap(merged) ? pairOf(document, merged, name) : undefined
      if (pair !== undefined) return pair
    }
  }
  return undefined
}

/** Drops repeated errors: the parser often reports several for one character. */
function onePerPlace(errors: readonly ConfigError[]): readonly ConfigError[] {
  const seen = new Set<string>()
  return errors.filter(({ line, column }) => !seen.has(`${line}:${column}`) && seen.add(`${line}:${column}`))
}

function firstLine(message: string): string {
  const line = (message.split('\n')[0] ?? '').replace(/[.:]$/, '')
  return line.length > MAX_MESSAGE_LENGTH ? `${line.slice(0, MAX_MESSAGE_LENGTH)}...` : line
}
