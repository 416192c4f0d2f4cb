/**
 * Handles of Node.js on libuv, which `node:net` is built on: the part that is used here. They are
 * the same from Node 20 to 24. Other versions may not have them.
 */

/** Negated errno, as libuv returns it; 0: done. */
type Status = number

export interface UvRequest {
  oncomplete: ((status: Status) => void) | undefined
}

export interface UvWriteRequest extends UvRequest {
  /** Pieces of a write; kept in memory until it is done. */
  pieces: unknown
}

export interface UvTcp {
  onread: (this: UvTcp) => undefined | Uint8Array
  onconnection: (status: Status, client: UvTcp) => void
  useUserBuffer(b: Uint8Array): void
  readStart(): Status
  readStop(): Status
  writeBuffer(request: UvWriteRequest, b: Uint8Array): Status
  writev(request: UvWriteRequest, pieces: readonly Uint8Array[], areBuffers: true): Status
  /** Returns 1 if it is done at once. */
  shutdown(request: UvRequest): Status
  bind(address: string, port: number): Status
  listen(backlog: number): Status
  connect(request: UvRequest, address: string, port: number): Status
  getpeername(into: { address?: string; port?: number }): Status
  /** Absent on Windows. */
  readonly fd?: number
  setNoDelay(on: boolean): Status
  reset(done: () => void): Status
  close(done?: () => void): void
}

export interface UvBindings {
  readonly Tcp: new (kind: number) => UvTcp
  readonly socketKind: number
  readonly serverKind: number
  readonly ConnectRequest: new () => UvRequest
  readonly WriteRequest: new () => UvWriteRequest
  readonly ShutdownRequest: new () => UvRequest
  /** Results of the last call or callback of any stream, at the two places below. */
  readonly state: Int32Array
  readonly readBytesOrError: number
  readonly lastWriteWasAsync: number
}

/**
 * Returns the bindings of this Node.js; undefined if it has none (another version, its permission
 * model).
 */
export function uvBindings(): UvBindings | undefined {
  try {
    const binding = (process as unknown as { binding(name: string): Record<string, never> }).binding
    const tcp = binding('tcp_wrap')
    const stream = binding('stream_wrap')
    const { SOCKET, SERVER } = tcp.constants as unknown as { SOCKET: number; SERVER: number }
    const found: UvBindings = {
      Tcp: tcp.TCP!,
      socketKind: SOCKET,
      serverKind: SERVER,
      ConnectRequest: tcp.TCPConnectWrap!,
      WriteRequest: stream.WriteWrap!,
      ShutdownRequest: stream.ShutdownWrap!,
      state: stream.streamBaseState!,
      readBytesOrError: stream.kReadBytesOrError!,
      lastWriteWasAsync: stream.kLastWriteWasAsync!,
    }
    return isWhole(found) ? found : undefined
  } catch {
    return undefined
  }
}

function isWhole(found: UvBindings): boolean {
  const { Tcp, ConnectRequest, WriteRequest, ShutdownRequest, state, ...numbers } = found
  if (![Tcp, ConnectRequest, WriteRequest, ShutdownRequest].every((made) => typeof made === 'function')) return false
  if (!(state instanceof Int32Array) || !Object.values(numbers).every((n) => typeof n === 'number')) return false
  const methods: (keyof UvTcp)[] = [
    'useUserBuffer',
    'readStart',
    'readStop',
    'writeBuffer',
    'writev',
    'shutdown',
    'bind',
    'listen',
    'connect',
    'getpeername',
    'setNoDelay',
    'reset',
    'close',
  ]
  return methods.every((name) => typeof Tcp.prototype[name] === 'function')
}
