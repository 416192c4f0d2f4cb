import type { LbConfig } from '@fivetuple/lb-node'

/**
 * Current configuration of each LB, with the changes of operators since the start. An LB that is
 * started again gets all of them.
 */
export class LbConfigs {
  readonly #configs: Map<string, LbConfig>
  readonly #write: (name: string, config: LbConfig) => void

  /** @param write stores a configuration where the LB will read it */
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

  /** Changes one LB's configuration; ignores a name of no LB. */
  update(name: string, change: Partial<LbConfig>): void {
    const before = this.#configs.get(name)
    if (before === undefined) return
    const after = { ...before, ...change }
    this.#configs.set(name, after)
    this.#write(name, after)
  }
}
