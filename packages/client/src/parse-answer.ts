import type { Answer } from './flow-ledger.js'

/** Reads who answered from the body of a backend's `/`; undefined for every other body. */
export function parseAnswer(body: string): Answer | undefined {
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
