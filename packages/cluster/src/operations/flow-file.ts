import { closeSync, openSync, readSync } from 'node:fs'
import { parseEndpoint } from '@fivetuple/packet'
import { UsageError } from './command.js'

/** Twenty thousand lines of JSON with further fields. */
const FILE_MAX_BYTES = 4 * 1024 * 1024
const STDIN = 0

/** A flow of a file: its client, and its destination unless the command names it. */
export interface ListedFlow {
  /** address:port */
  readonly client: string
  /** Name of a VIP, or address:port. */
  readonly vip?: string
  readonly protocol?: 'tcp' | 'udp'
}

/** Numbers of the protocols in exports of flow collectors. */
const PROTOCOLS: Readonly<Record<string, 'tcp' | 'udp'>> = { tcp: 'tcp', udp: 'udp', '6': 'tcp', '17': 'udp' }
const FORMATS =
  'JSON as in {"client":"127.20.100.7:41234","vip":"web"}, or CSV as in 127.20.100.7:41234,web,tcp or 127.20.100.7,41234,127.20.10.1,8080,tcp'

/**
 * Reads flows from a file, or from standard input (`-`): one per line, in JSON or CSV. Blank lines,
 * comments (`#`) and a heading are skipped.
 * @throws UsageError with the number of the line
 */
export function flowFile(path: string, max: number): ListedFlow[] {
  return parseFlows(readText(path), max)
}

/** Reads a file of any type, and never more than the limit. */
function readText(path: string): string {
  const bytes = Buffer.alloc(FILE_MAX_BYTES + 1)
  let length = 0
  let file: number | undefined
  try {
    file = path === '-' ? STDIN : openSync(path, 'r')
    for (let read = 1; read > 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null)
  } catch (error) {
    throw new UsageError(`${path} can't be read: ${(error as Error).message}`)
  } finally {
    if (file !== undefined && file !== STDIN) closeSync(file)
  }
  if (length > FILE_MAX_BYTES)
    throw new UsageError(`${path} is larger than a file of flows may be: ${FILE_MAX_BYTES} bytes`)
  return bytes.toString('utf8', 0, length)
}

/** Parses the lines of a flow file; see {@link flowFile}. */
export function parseFlows(text: string, max: number): ListedFlow[] {
  const flows: ListedFlow[] = []
  text.split('\n').forEach((line, i) => {
    const content = line.trim()
    if (content === '' || content.startsWith('#')) return
    const flow = content.startsWith('{') ? fromJson(content) : fromCsv(content)
    if (flow === undefined) {
      if (flows.length === 0 && isHeading(content)) return
      throw new UsageError(`line ${i + 1} is no flow: ${FORMATS}`)
    }
    if (flows.push(flow) > max) throw new UsageError(`it has more than ${max} flows: split it`)
  })
  if (flows.length === 0) throw new UsageError(`it has no flow: a line is ${FORMATS}`)
  return flows
}

/** Further fields are ignored, so that output of other commands can be used. */
function fromJson(line: string): ListedFlow | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  const { client, vip, protocol } = value as Readonly<Record<string, unknown>>
  if (typeof client !== 'string') return undefined
  return flowOf(client, typeof vip === 'string' ? vip : undefined, typeof protocol === 'string' ? protocol : undefined)
}

function fromCsv(line: string): ListedFlow | undefined {
  const cells = line.split(',').map((cell) => cell.trim())
  if (cells.length > 5) return undefined
  const [first = '', second, third, fourth, fifth] = cells
  if (first.includes(':') || cells.length < 4) return flowOf(first, second, third)
  return flowOf(`${first}:${second}`, `${third}:${fourth}`, fifth)
}

function flowOf(client: string, vip: string | undefined, protocol: string | undefined): ListedFlow | undefined {
  if (parseEndpoint(client) === undefined) return undefined
  const name = protocol?.toLowerCase() ?? ''
  const known = Object.hasOwn(PROTOCOLS, name) ? PROTOCOLS[name] : undefined
  if (known === undefined && name !== '') return undefined
  return { client, ...(vip && { vip }), ...(known && { protocol: known }) }
}

function isHeading(line: string): boolean {
  return /^[a-z_ ,]+$/i.test(line)
}
