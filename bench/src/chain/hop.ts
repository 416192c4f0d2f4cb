/** Where something listens. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** One service that a hop passes on. */
export interface HopEntry {
  readonly name: string
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  /** Where to. */
  readonly next: Endpoint
}

/** One process of a chain of proxies. */
export interface ChainHop {
  readonly address: string
  readonly entries: readonly HopEntry[]
}

/** What a chain carries, and which server is behind it. */
export interface Service {
  readonly name: string
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  readonly backend: Endpoint
}

export function endpointOf({ address, port }: Endpoint): string {
  return `${address}:${port}`
}

/**
 * A chain of processes, the first of which clients connect to.
 *
 * @param addresses one for each hop, in the order in which requests meet them
 */
export function chainOf(addresses: readonly string[], services: readonly Service[]): ChainHop[] {
  return addresses.map((address, i) => ({
    address,
    entries: services.map(({ name, protocol, port, backend }) => {
      const next = addresses[i + 1]
      return { name, protocol, port, next: next === undefined ? backend : { address: next, port } }
    }),
  }))
}
