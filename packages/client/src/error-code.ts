/** Largest number of nested causes that are examined. */
const DEPTH_MAX = 4
/** undici's code for any error of a socket. The errno, if there is one, is in the cause. */
const SOCKET = 'UND_ERR_SOCKET'
const CODES: Readonly<Record<string, string>> = {
  // No errno exists for a FIN before the end of a response.
  [SOCKET]: 'PEER_CLOSED',
  UND_ERR_CONNECT_TIMEOUT: 'CONNECT_TIMEOUT',
}

/**
 * Returns the code by which a failure is counted: the errno (`ECONNRESET`, `ECONNREFUSED`), or a
 * code of this package or of undici.
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
 * Returns true for the codes of a response that is cut short by the end of its connection. undici
 * has several of them.
 */
export function isCut(code: string): boolean {
  return (
    code === 'PEER_CLOSED' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' ||
    code === 'HTTPParserError' ||
    code.startsWith('HPE_')
  )
}
