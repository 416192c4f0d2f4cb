/** Who answered: what the body of a backend's `/` says. */
export interface Answer {
  readonly backend: string
  /**
   * Source that the backend saw: a BIP when the request came through an LB, else the client's own
   * address.
   */
  readonly bip: string
  readonly bipPort: number
}

/** One connection of ours. */
export interface FlowRecord {
  /** Counts connections from 0. */
  readonly id: number
  /** Our end, address:port: with the VIP the five-tuple that the switch hashes. */
  readonly local: string
  readonly openedMs: number
  bip?: string
  bipPort?: number
  /** Name of the LB that owns the BIP, where it is known. */
  lb?: string
  backend?: string
  answers: number
  /**
   * Answers that came over another BIP, BIP port or backend than the first: none, or translation is
   * broken.
   */
  moves: number
  lastAnswerMs?: number
  /** What ended it: an error's code, or 'closed'. */
  end?: string
}

/** What became of all flows. */
export interface LedgerSummary {
  readonly opened: number
  /** Flows that were answered at least once. */
  readonly answered: number
  readonly moves: number
  /** Answered flows by BIP, by LB (for BIPs whose LB is known) and by backend. */
  readonly byBip: Readonly<Record<string, number>>
  readonly byLb: Readonly<Record<string, number>>
  readonly byBackend: Readonly<Record<string, number>>
  /** Flows by what ended them; those still open are not in it. */
  readonly ends: Readonly<Record<string, number>>
}

/** Closed flows that can still be listed; older ones are only counted. Some 200 bytes each. */
const CLOSED_KEPT_MAX = 20_000

/** Book-keeping of which LB and which backend carried each connection. */
export class FlowLedger {
  readonly #lbOf: ReadonlyMap<string, string>
  readonly #open = new Map<number, FlowRecord>()
  readonly #closed: FlowRecord[] = []
  readonly #byBip = new Map<string, number>()
  readonly #byLb = new Map<string, number>()
  readonly #byBackend = new Map<string, number>()
  readonly #ends = new Map<string, number>()
  #opened = 0
  #answered = 0
  #moves = 0

  /** @param lbOf BIP → name of its LB */
  constructor(lbOf: ReadonlyMap<string, string> = new Map()) {
    this.#lbOf = lbOf
  }

  /**
   * A connection stands. Returns its id.
   * @param local address:port
   * @param atMs ms since the start
   */
  open(local: string, atMs: number): number {
    const id = this.#opened++
    this.#open.set(id, { id, local, openedMs: atMs, answers: 0, moves: 0 })
    return id
  }

  /** A request on it was answered. @param answer undefined when the body does not tell by whom */
  answer(id: number, atMs: number, answer: Answer | undefined): void {
    const flow = this.#open.get(id)
    if (flow === undefined) return
    if (flow.answers++ === 0) this.#answered++
    flow.lastAnswerMs = atMs
    if (answer === undefined) return
    if (flow.backend === undefined) this.#assign(flow, answer)
    else if (flow.bip !== answer.bip || flow.bipPort !== answer.bipPort || flow.backend !== answer.backend) {
      flow.moves++
      this.#moves++
    }
  }

  /**
   * The connection is gone. Closing it again changes nothing.
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

  /** Flows by id: all that are open, and the first {@link CLOSED_KEPT_MAX} that are not. */
  flows(): FlowRecord[] {
    return [...this.#closed, ...this.#open.values()].sort((a, b) => a.id - b.id)
  }

  summary(): LedgerSummary {
    return {
      opened: this.#opened,
      answered: this.#answered,
      moves: this.#moves,
      byBip: sorted(this.#byBip),
      byLb: sorted(this.#byLb),
      byBackend: sorted(this.#byBackend),
      ends: sorted(this.#ends),
    }
  }

  #assign(flow: FlowRecord, { bip, bipPort, backend }: Answer): void {
    flow.bip = bip
    flow.bipPort = bipPort
    flow.backend = backend
    count(this.#byBip, bip)
    count(this.#byBackend, backend)
    const lb = this.#lbOf.get(bip)
    if (lb === undefined) return
    flow.lb = lb
    count(this.#byLb, lb)
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })))
}
