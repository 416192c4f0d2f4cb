/** Address and port of a listener. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** Service that a hop forwards. */
export interface HopEntry {
  readonly name: string
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
  /** Destination. */
  readonly next: Endpoint
}

/** Process of a chain of proxies. */
export interface ChainHop {
  readonly address: string
  readonly entries: readonly HopEntry[]
}

/** Service that a chain carries, and the server behind it. */
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
 * Returns a chain of processes. Clients connect to the first.
 *
 * @param addresses one for each hop, in the order in which requests pass them
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
