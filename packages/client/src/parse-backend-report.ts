import { formatIpv4, parseEndpoint } from '@fivetuple/packet'
import type { BackendReport } from './flow-ledger.js'

/** Reads the report of a backend from the body of its `/`. Returns undefined for any other body. */
export function parseBackendReport(body: string): BackendReport | undefined {
  if (!body.startsWith('{')) return undefined
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return undefined
  }
  const { backend, peer } = value as { backend?: unknown; peer?: { address?: unknown; port?: unknown } | null }
  const address = peer?.address
  const port = peer?.port
  if (typeof backend !== 'string' || typeof address !== 'string' || typeof port !== 'number') return undefined
  return { backend, bip: address, bipPort: port }
}

/** Reads the report of a backend from the headers of a response with a body of another kind. */
export function backendReportIn(headers: Readonly<Record<string, unknown>>): BackendReport | undefined {
  const { 'x-backend': backend, 'x-peer': peer } = headers
  if (typeof backend !== 'string' || typeof peer !== 'string') return undefined
  const end = parseEndpoint(peer)
  return end && { backend, bip: formatIpv4(end.address), bipPort: end.port }
}
