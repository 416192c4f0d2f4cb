import type { Flow } from './flow.js'

/** Stands for a port in {@link Flow.waitingForPort} while a flow waits for none. */
export const NO_PORT = -1

/** Flows that wait for the queue of a port to drain, per port, in the order of their arrival. */
export class FlowQueues {
  readonly #waiting = new Map<number, Flow[]>()
  /** The port whose waiting flows have their turn, or {@link NO_PORT}. */
  #served = NO_PORT

  /**
   * Returns true if flows wait for the port, so that data of a further flow has to wait behind
   * them.
   */
  isTaken(port: number): boolean {
    return this.#waiting.size > 0 && port !== this.#served && this.#waiting.has(port)
  }

  /** Adds a flow at the end of a port's queue. Without effect if it waits there. */
  add(flow: Flow, port: number): void {
    if (flow.waitingForPort === port) return
    flow.waitingForPort = port
    const waiting = this.#waiting.get(port)
    if (waiting === undefined) this.#waiting.set(port, [flow])
    else waiting.push(flow)
  }

  /**
   * Resumes the flows that wait for a port, in order, while `isBlocked` returns false. Until the
   * last of them has had its turn no other flow gets in front.
   */
  serve(port: number, isBlocked: () => boolean, resume: (flow: Flow) => void): void {
    const flows = this.#waiting.get(port)
    if (flows === undefined) return
    this.#served = port
    let done = 0
    while (done < flows.length && !isBlocked()) this.#resume(flows[done++]!, port, resume)
    this.#served = NO_PORT
    flows.splice(0, done)
    if (flows.length === 0) this.#waiting.delete(port)
  }

  /**
   * Resumes all flows, in order per port: routes have changed, and a flow's old port may never
   * drain.
   */
  serveAll(resume: (flow: Flow) => void): void {
    for (const [port, flows] of [...this.#waiting]) {
      this.#waiting.delete(port)
      for (const flow of flows) this.#resume(flow, port, resume)
    }
  }

  #resume(flow: Flow, port: number, resume: (flow: Flow) => void): void {
    if (flow.waitingForPort !== port) return // it waits for another port
    flow.waitingForPort = NO_PORT
    if (!flow.closed) resume(flow)
  }
}
