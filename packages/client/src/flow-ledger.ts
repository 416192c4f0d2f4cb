/** Backend that served a request, with its peer, from the body of a backend's `/`. */
export interface BackendReport {
  readonly backend: string
  /**
   * Source address that the backend saw: the BIP of an LB, or the client's own address without an
   * LB.
   */
  readonly bip: string
  readonly bipPort: number
}

/** Record of one connection of the probe. */
export interface FlowRecord {
  /** Number of the flow, from 0. */
  readonly id: number
  /** Number of the connection of the probe, from 0, which is another flow after each opening. */
  readonly connection: number
  /**
   * Client's end, address:port: together with the VIP it is the five-tuple that the switch hashes.
   */
  readonly local: string
  readonly openedMs: number
  bip?: string
  bipPort?: number
  /** Name of the LB that owns the BIP, if known. */
  lb?: string
  backend?: string
  responses: number
  /** Responses with another BIP, BIP port or backend than the first one. Full NAT permits none. */
  translationChanges: number
  lastResponseMs?: number
  /** Reason of its end: an error's code, or 'closed'. */
  end?: string
}

/** Outcomes of all flows. */
export interface LedgerSummary {
  readonly opened: number
  /** Flows with at least one response. */
  readonly withResponse: number
  readonly translationChanges: number
  /** Flows with a response per BIP, per LB (for BIPs whose LB is known) and per backend. */
  readonly perBip: Readonly<Record<string, number>>
  readonly perLb: Readonly<Record<string, number>>
  readonly perBackend: Readonly<Record<string, number>>
  /** Ended flows per reason. */
  readonly ends: Readonly<Record<string, number>>
}

/**
 * Largest number of closed flows that can be listed, some 200 bytes each. Further ones are only
 * counted.
 */
const CLOSED_KEPT_MAX = 20_000

/** Ledger of the LB and the backend that carried each connection. */
export class FlowLedger {
  readonly #lbOf: ReadonlyMap<string, string>
  readonly #open = new Map<number, FlowRecord>()
  readonly #closed: FlowRecord[] = []
  readonly #perBip = new Map<string, number>()
  readonly #perLb = new Map<string, number>()
  readonly #perBackend = new Map<string, number>()
  readonly #ends = new Map<string, number>()
  #opened = 0
  #withResponse = 0
  #translationChanges = 0

  /** @param lbOf BIP → name of its LB */
  constructor(lbOf: ReadonlyMap<string, string> = new Map()) {
    this.#lbOf = lbOf
  }

  /**
   * Records an established connection. Returns its id.
   * @param local address:port
   * @param atMs ms since the start
   * @param connection number of the connection of the probe; default: the flow's own
   */
  open(local: string, atMs: number, connection?: number): number {
    const id = this.#opened++
    this.#open.set(id, { id, connection: connection ?? id, local, openedMs: atMs, responses: 0, translationChanges: 0 })
    return id
  }

  /**
   * Records a response.
   * @param served undefined if the body does not name the backend
   */
  response(id: number, atMs: number, served: BackendReport | undefined): void {
    const flow = this.#open.get(id)
    if (flow === undefined) return
    if (flow.responses++ === 0) this.#withResponse++
    flow.lastResponseMs = atMs
    if (served === undefined) return
    if (flow.backend === undefined) this.#assign(flow, served)
    else if (flow.bip !== served.bip || flow.bipPort !== served.bipPort || flow.backend !== served.backend) {
      flow.translationChanges++
      this.#translationChanges++
    }
  }

  /**
   * Records the end of a connection. A second call changes nothing.
   * @param end an error's code, or 'closed'
   */
  close(id: number, end: string): void {
    const flow = this.#open.get(id)
    if (flow === undefined) return
    this.#open.delete(id)
    flow.end = end
    count(this.#ends, end)
    if (this.#closed.length < CLOSED_KEPT_MAX) this.#closed.push(flow)
  }

  /**
   * Returns flows ordered by id: all open ones, and the first {@link CLOSED_KEPT_MAX} closed ones.
   */
  flows(): FlowRecord[] {
    return [...this.#closed, ...this.#open.values()].sort((a, b) => a.id - b.id)
  }

  summary(): LedgerSummary {
    return {
      opened: this.#opened,
      withResponse: this.#withResponse,
      translationChanges: this.#translationChanges,
      perBip: sorted(this.#perBip),
      perLb: sorted(this.#perLb),
      perBackend: sorted(this.#perBackend),
      ends: sorted(this.#ends),
    }
  }

  #assign(flow: FlowRecord, { bip, bipPort, backend }: BackendReport): void {
    flow.bip = bip
    flow.bipPort = bipPort
    flow.backend = backend
    count(this.#perBip, bip)
    count(this.#perBackend, backend)
    const lb = this.#lbOf.get(bip)
    if (lb === undefined) return
    flow.lb = lb
    count(this.#perLb, lb)
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })))
}
