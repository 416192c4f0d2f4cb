import type { LbConfig } from '@fivetuple/lb-node'

/**
 * The configuration of each LB as it is to be now: what operators have changed since the start is in it, so that an LB that
 * is started again is the one that went.
 */
export class LbConfigs {
  readonly #configs: Map<string, LbConfig>
  readonly #write: (name: string, config: LbConfig) => void

  /** @param write keeps a configuration where the LB will read it */
  constructor(configs: readonly LbConfig[], write: (name: string, config: LbConfig) => void) {
    this.#configs = new Map(configs.map((config) => [config.name, config]))
    this.#write = write
  }

  get names(): string[] {
    return [...this.#configs.keys()]
  }

  get(name: string): LbConfig | undefined {
    return this.#configs.get(name)
  }

  /** Changes one LB's configuration; a name that is no LB's is ignored. */
  update(name: string, change: Partial<LbConfig>): void {
    const before = this.#configs.get(name)
    if (before === undefined) return
    const after = { ...before, ...change }
    this.#configs.set(name, after)
    this.#write(name, after)
  }
}
