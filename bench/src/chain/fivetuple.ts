import { endpointOf, type Service } from './hop.js'

/**
 * Returns the configuration of a cluster whose VIPs carry these services, each to its one backend.
 *
 * @param block the /16 to use, CIDR
 */
export function fivetupleConfig(block: string, lbs: number, services: readonly Service[]): string {
  const servers = new Map(services.map(({ backend }) => [endpointOf(backend), backend]))
  const names = new Map([...servers.keys()].map((endpoint, i) => [endpoint, `server-${i + 1}`]))
  const backends = [...servers].map(
    ([endpoint, { address, port }]) => `  - { name: ${names.get(endpoint)}, address: ${address}, port: ${port} }`,
  )
  const vips = services.map(
    ({ name, protocol, port, backend }) =>
      `  - { name: ${name}, protocol: ${protocol}, port: ${port}, backends: [${names.get(endpointOf(backend))}] }`,
  )
  return `block: ${block}
lbs: ${lbs}
backends:
${backends.join('\n')}
vips:
${vips.join('\n')}
`
}
