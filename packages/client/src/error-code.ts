/** Causes behind causes that are looked at. */
const DEPTH_MAX = 4
/** undici's code for whatever happens to a socket; the errno, if there is one, is in the cause. */
const SOCKET = 'UND_ERR_SOCKET'
const CODES: Readonly<Record<string, string>> = {
  // No errno exists for a FIN where an answer was due.
  [SOCKET]: 'PEER_CLOSED',
  UND_ERR_CONNECT_TIMEOUT: 'CONNECT_TIMEOUT',
}

/**
 * The one word by which a failure is counted: the errno (`ECONNRESET`, `ECONNREFUSED`), or a code
 * of ours or of undici.
 */
export function errorCode(error: unknown): string {
  let found: string | undefined
  let current = error
  for (let depth = 0; depth < DEPTH_MAX && current instanceof Error; depth++) {
    const { code } = current as NodeJS.ErrnoException
    if (typeof code === 'string') {
      if (code !== SOCKET) return CODES[code] ?? code
      found = code
    }
    current = current.cause
  }
  if (found !== undefined) return CODES[found] ?? found
  return error instanceof Error ? error.name : 'UNKNOWN'
}

/**
 * Returns true for the codes of a response that its connection's end has cut; undici has one for
 * each way to notice.
 */
export function isCut(code: string): boolean {
  return (
    code === 'PEER_CLOSED' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' ||
    code === 'HTTPParserError' ||
    code.startsWith('HPE_')
  )
}
