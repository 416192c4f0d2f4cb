import {
  hasPorts,
  IpProtocol,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  type Prefix,
  parsePrefix,
  prefixContains,
  readU16,
} from '@fivetuple/packet'

/** Filter of captured packets. */
export type FlowFilter = (b: Uint8Array, o: number) => boolean

/** A filter, or the reason why a text is none. */
export type FilterResult =
  | { readonly ok: true; readonly filter: FlowFilter }
  /** `at` is the offset of the word, from 0; `problem` completes "the filter ...". */
  | { readonly ok: false; readonly at: number; readonly problem: string }

interface Word {
  readonly text: string
  readonly at: number
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: IpProtocol.TCP, udp: IpProtocol.UDP, icmp: IpProtocol.ICMP }
const SIDES = ['src', 'dst'] as const
type Side = (typeof SIDES)[number]
/** Bound of nested parentheses and of `not`. */
const MAX_DEPTH = 32
const KNOWN = 'tcp, udp, icmp, host, net, port, src, dst, not, and, or and parentheses are known'

/** True if a packet passes; no filter lets all packets pass. */
export function filterMatches(filter: FlowFilter | undefined, b: Uint8Array, o: number): boolean {
  return filter === undefined || filter(b, o)
}

/**
 * Parses a part of the language of pcap-filter(7): `tcp`, `udp`, `icmp`, `host A`, `net A/N`,
 * `port P`, each of the last three with `src` or `dst` before it, `not`, `and`, `or` and
 * parentheses. As there, `not` binds most, and `and` and `or` bind alike, from left to right.
 *
 * @example parseFlowFilter('tcp and host 127.20.10.1 and port 8080')
 */
export function parseFlowFilter(text: string): FilterResult {
  const parser = new Parser(text)
  try {
    return { ok: true, filter: parser.whole() }
  } catch (error) {
    if (error instanceof FilterProblem) return { ok: false, at: error.at, problem: error.message }
    throw error
  }
}

class FilterProblem extends Error {
  readonly at: number

  constructor(word: Word, message: string) {
    super(message)
    this.at = word.at
  }
}

class Parser {
  readonly #words: readonly Word[]
  readonly #end: Word
  #next = 0
  #depth = 0

  constructor(text: string) {
    this.#words = [...text.matchAll(/[()]|[^\s()]+/g)].map((match) => ({ text: match[0], at: match.index }))
    this.#end = { text: '', at: text.length }
  }

  whole(): FlowFilter {
    const filter = this.#expression()
    const rest = this.#word()
    if (rest.text !== '') throw new FilterProblem(rest, `has '${rest.text}' where 'and' or 'or' must be`)
    return filter
  }

  #word(): Word {
    return this.#words[this.#next] ?? this.#end
  }

  #take(): Word {
    const word = this.#word()
    this.#next++
    return word
  }

  #expression(): FlowFilter {
    let left = this.#term()
    for (;;) {
      const { text } = this.#word()
      if (text !== 'and' && text !== 'or') return left
      this.#take()
      const before = left
      const right = this.#term()
      left = text === 'and' ? (b, o) => before(b, o) && right(b, o) : (b, o) => before(b, o) || right(b, o)
    }
  }

  #term(): FlowFilter {
    const word = this.#take()
    if (this.#depth >= MAX_DEPTH) throw new FilterProblem(word, `is nested more than ${MAX_DEPTH} times`)
    this.#depth++
    const filter = this.#primitive(word)
    this.#depth--
    return filter
  }

  #primitive(word: Word): FlowFilter {
    if (word.text === 'not') {
      const negated = this.#term()
      return (b, o) => !negated(b, o)
    }
    if (word.text === '(') {
      const inner = this.#expression()
      const close = this.#take()
      if (close.text !== ')') throw new FilterProblem(close, "lacks a ')'")
      return inner
    }
    if (Object.hasOwn(PROTOCOLS, word.text)) {
      const protocol = PROTOCOLS[word.text]
      return (b, o) => ipv4Protocol(b, o) === protocol
    }
    if (word.text === 'src' || word.text === 'dst') return this.#endpoint(this.#take(), [word.text])
    return this.#endpoint(word, SIDES)
  }

  #endpoint(word: Word, sides: readonly Side[]): FlowFilter {
    if (word.text === 'host' || word.text === 'net') return addressFilter(this.#prefix(word.text), sides)
    if (word.text === 'port') return portFilter(this.#port(), sides)
    throw new FilterProblem(word, word.text === '' ? `ends too early: ${KNOWN}` : `has '${word.text}': ${KNOWN}`)
  }

  #prefix(kind: 'host' | 'net'): Prefix {
    const word = this.#take()
    const hasLength = word.text.includes('/')
    const prefix = hasLength === (kind === 'net') ? parsePrefix(hasLength ? word.text : `${word.text}/32`) : undefined
    if (prefix === undefined) {
      const wanted = kind === 'net' ? 'a prefix such as 127.20.3.0/24' : 'an address such as 127.20.10.1'
      throw new FilterProblem(word, `has '${word.text}' after '${kind}': give it ${wanted}`)
    }
    return prefix
  }

  #port(): number {
    const word = this.#take()
    const port = /^(0|[1-9]\d{0,4})$/.test(word.text) ? Number(word.text) : Number.NaN
    if (!(port <= 65_535)) throw new FilterProblem(word, `has '${word.text}' after 'port': give it 0 to 65535`)
    return port
  }
}

function addressFilter(prefix: Prefix, sides: readonly Side[]): FlowFilter {
  const source = sides.includes('src')
  const destination = sides.includes('dst')
  return (b, o) =>
    (source && prefixContains(prefix, ipv4Source(b, o))) ||
    (destination && prefixContains(prefix, ipv4Destination(b, o)))
}

function portFilter(port: number, sides: readonly Side[]): FlowFilter {
  const source = sides.includes('src')
  const destination = sides.includes('dst')
  return (b, o) => {
    if (!hasPorts(ipv4Protocol(b, o))) return false
    const l4 = o + ipv4HeaderLength(b, o)
    return (source && readU16(b, l4) === port) || (destination && readU16(b, l4 + 2) === port)
  }
}
