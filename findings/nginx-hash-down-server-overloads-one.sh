#!/usr/bin/env bash
# Guess:    with `hash $remote_addr` (not consistent), the clients of a server that is down are spread over the others, as modulo over the servers that are left would do.
# Happens:  with four or eight servers, nine in ten of them go to one and the same of the others, which then carries twice its share. With five they are spread, with six two of the five
#           others get nearly all. Nobody else moves. The second try puts a digit before the key, hashes again and adds the result to the first hash. CRC-32 is linear, so for
#           keys of one length the second hash is the first one XOR a constant: the low bits, which decide modulo a power of two, are the same for all clients of one server.
#           (With `consistent` they are spread for any number. Deleting the line instead moves half of all clients.)
# Versions: nginx 1.22.1-9+deb12u11 with libnginx-mod-stream of the same version (Debian 12).
# Matters:  an even spread after a failure is the reason to hash at all, and four and eight are what people take; capacity for N+1 does not survive one of N taking 2/N.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download nginx=1.22.1-9+deb12u11 libnginx-mod-stream=1.22.1-9+deb12u11 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done

cat >run.cjs <<'JS'
const net = require('node:net')
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const CLIENTS = 600

async function main() {
  const backends = []
  for (let i = 1; i <= 8; i++)
    await new Promise((done) => backends.push(net.createServer((s) => s.end(`s${i}`)).listen(9000 + i, '127.0.0.1', done)))
  const line = (i) => `server 127.0.0.1:${9000 + i};`
  const largest = {}
  for (const hash of ['hash $remote_addr;', 'hash $remote_addr consistent;'])
    for (const count of [4, 5, 8]) {
      const all = Array.from({ length: count }, (_, i) => line(i + 1))
      const before = await serversOf(hash, all)
      const after = await serversOf(hash, [all[0].replace(';', ' down;'), ...all.slice(1)])
      const counts = heirsOf(before, after)
      const heirs = Object.values(counts)
      largest[`${hash} ${count}`] = Math.round((100 * Math.max(...heirs)) / heirs.reduce((a, b) => a + b))
      console.log(`${hash} ${count} servers: clients of server 1, by the server that has them while it is down: ${JSON.stringify(counts)}`)
      if (before.some((server, i) => server !== 's1' && server !== after[i])) throw new Error('others have moved, too')
    }
  for (const server of backends) server.close()
  const plain = (count) => largest[`hash $remote_addr; ${count}`]
  const isAsRecorded =
    plain(4) > 80 && plain(8) > 80 && plain(5) < 50 && [4, 5, 8].every((n) => largest[`hash $remote_addr consistent; ${n}`] < 60)
  if (!isAsRecorded) process.exitCode = 1
}

/** Starts nginx with these servers and returns the server that each client address reaches. */
async function serversOf(hash, lines) {
  const stream = `stream { upstream u { ${hash} ${lines.join(' ')} } server { listen 127.0.0.1:9100; proxy_pass u; } }`
  const global = `load_module ${__dirname}/root/usr/lib/nginx/modules/ngx_stream_module.so; daemon off; master_process off;`
  fs.writeFileSync('nginx.conf', `${global} pid ${__dirname}/pid; error_log ${__dirname}/error.log; events {} ${stream}`)
  const nginx = spawn('root/usr/sbin/nginx', ['-c', `${__dirname}/nginx.conf`, '-e', `${__dirname}/error.log`], { stdio: 'ignore' })
  const ended = new Promise((done) => nginx.once('exit', done))
  for (let i = 0; (await serverOf('127.0.0.1')) === ''; i++) {
    if (i === 200) throw new Error('nginx does not serve')
    await new Promise((done) => setTimeout(done, 50))
  }
  const servers = []
  for (let i = 0; i < CLIENTS; i++) servers.push(await serverOf(`127.21.${i >> 6}.${((i * 37) % 251) + 1}`))
  nginx.kill()
  await ended
  return servers
}

function serverOf(localAddress) {
  return new Promise((done) => {
    let text = ''
    const socket = net.connect({ host: '127.0.0.1', port: 9100, localAddress })
    socket.on('data', (b) => (text += b)).on('error', () => {}).on('close', () => done(text))
  })
}

function heirsOf(before, after) {
  const counts = {}
  before.forEach((server, i) => {
    if (server === 's1') counts[after[i]] = (counts[after[i]] ?? 0) + 1
  })
  return counts
}

main()
JS
unshare -rn sh -c 'ip link set lo up && exec node run.cjs'
