import type { Server } from 'node:net'

/**
 * Listens on an address and port of this process alone. `exclusive` is for workers of node:cluster:
 * without it each accept would go through the primary.
 *
 * Rejects with an error that names the address and the remedy; its `cause` is the error of the
 * system call.
 */
export function listenExclusive(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void =>
      reject(new Error(explainListenError(error, address, port), { cause: error }))
    server.once('error', onError)
    server.listen({ host: address, port, exclusive: true, backlog: 4096 }, () => {
      server.off('error', onError)
      server.on('error', ignoreAcceptError)
      resolve()
    })
  })
}

/**
 * Keeps a server alive if an accept fails: the kernel is out of descriptors or memory and refuses
 * the client.
 */
export function ignoreAcceptError(): void {}

/** Meaning of a failed bind for the user, with the remedy. */
export function explainListenError(
  error: Pick<NodeJS.ErrnoException, 'code' | 'message'>,
  address: string,
  port: number,
): string {
  const where = `${address}:${port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where} is in use: another cluster runs in this block? Choose another one (--block auto) or stop it`
    case 'EADDRNOTAVAIL':
      return `${where} is no address of this machine: Linux has all of 127.0.0.0/8, elsewhere use 'expose: 127.0.0.1:<port>'`
    case 'EACCES':
      return `${where} may not be bound: ports below 1024 need privileges, use a higher one`
    default:
      return `${where} can't be listened on: ${error.message}`
  }
}
