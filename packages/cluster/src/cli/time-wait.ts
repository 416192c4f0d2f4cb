import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Endpoint, formatIpv4, parseIpv4 } from '@fivetuple/packet'

/** State TIME_WAIT in /proc/net/tcp (proc(5)). */
const TIME_WAIT = '06'
/** Time after which Linux opens a five-tuple in TIME_WAIT again (`tcp_tw_reuse`), with a margin. */
const REUSE_MS = 1_100

/**
 * Waits until five-tuples that a run has just used can be opened again: at most a second. Without
 * it, a run with the seed of the run before would get other ports. Where there is no /proc, it does
 * not wait.
 * @param isSource returns true for an address of the pool
 */
export async function untilReusable(isSource: (address: string) => boolean, targets: readonly URL[]): Promise<void> {
  let table: string
  try {
    table = readFileSync('/proc/net/tcp', 'utf8')
  } catch {
    return
  }
  const ends = new Set(targets.map(({ hostname, port }) => `${hostname}:${port || 80}`))
  if (hasTimeWait(table, isSource, ends)) await sleep(REUSE_MS)
}

/**
 * Returns true if a connection in TIME_WAIT has a source in the pool and one of the destinations.
 * @param table text of /proc/net/tcp
 * @param ends destinations, address:port
 */
export function hasTimeWait(table: string, isSource: (address: string) => boolean, ends: ReadonlySet<string>): boolean {
  return table.split('\n').some((line) => {
    const [, local = '', remote = '', state] = line.trim().split(/\s+/)
    if (state !== TIME_WAIT) return false
    const [from, to] = [endpointOf(local), endpointOf(remote)]
    return isSource(formatIpv4(from.address)) && ends.has(`${formatIpv4(to.address)}:${to.port}`)
  })
}

/** Parses an end in /proc/net/tcp, whose address is a little-endian number. */
function endpointOf(text: string): Endpoint {
  const [address = '', port = ''] = text.split(':')
  return { address: Buffer.from(address, 'hex').readUInt32LE(), port: Number.parseInt(port, 16) }
}

/** Returns a function that finds addresses of a prefix. @param size number of its host addresses */
export function addressesFrom(first: string, size: number): (address: string) => boolean {
  const from = parseIpv4(first) ?? 0
  return (address) => {
    const offset = (parseIpv4(address) ?? 0) - from
    return offset >= 0 && offset < size
  }
}
