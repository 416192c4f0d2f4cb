#!/usr/bin/env bash
# Guess:    `hash-type consistent` exists so that removing one of N servers moves the clients of that server only.
# Happens:  a server's points on the ring come from its numeric id, and the id is its position among the `server` lines unless `id` is written. Deleting a
#           line renumbers all servers below it. Of four servers, deleting the first line moves most clients of the three others; deleting the last one moves none;
#           writing the same four lines in another order moves every client. `disabled` on the line, or explicit ids, keep the others where they are.
# Versions: HAProxy 2.6.12-1+deb12u4 (Debian 12).
# Matters:  configurations are generated, sorted and edited by deleting lines. Somebody who compares a resilient ECMP selection with a proxy tier behind it measures
#           the proxy's movements and blames the switch. Give every `server` an `id` (or, from HAProxy 3.0 on, use `hash-key addr`).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download haproxy=2.6.12-1+deb12u4 liblua5.3-0 libopentracing-c-wrapper0 libopentracing1 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done

cat >run.cjs <<'JS'
const net = require('node:net')
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const CLIENTS = 600

async function main() {
  const backends = []
  for (let i = 1; i <= 4; i++)
    await new Promise((done) => backends.push(net.createServer((s) => s.end(`s${i}`)).listen(9000 + i, '127.0.0.1', done)))
  const line = (i, more = '') => `  server s${i} 127.0.0.1:${9000 + i} ${more}\n`
  const base = await serversOf([1, 2, 3, 4].map((i) => line(i)))
  const seen = {
    'first line deleted': moved(base, await serversOf([2, 3, 4].map((i) => line(i))), 's1'),
    'last line deleted': moved(base, await serversOf([1, 2, 3].map((i) => line(i))), 's4'),
    'first line disabled': moved(base, await serversOf([line(1, 'disabled'), ...[2, 3, 4].map((i) => line(i))]), 's1'),
    'lines in reverse order': moved(base, await serversOf([4, 3, 2, 1].map((i) => line(i))), ''),
    'with ids, first line deleted': moved(
      await serversOf([1, 2, 3, 4].map((i) => line(i, `id ${i}`))),
      await serversOf([2, 3, 4].map((i) => line(i, `id ${i}`))),
      's1',
    ),
  }
  for (const [what, percent] of Object.entries(seen)) console.log(`${what}: ${percent} % of all clients moved between servers that stayed`)
  for (const server of backends) server.close()
  const isAsRecorded =
    seen['first line deleted'] > 40 &&
    seen['last line deleted'] === 0 &&
    seen['first line disabled'] === 0 &&
    seen['lines in reverse order'] > 90 &&
    seen['with ids, first line deleted'] === 0
  if (!isAsRecorded) process.exitCode = 1
}

/** Starts HAProxy with these server lines and returns the server that each client address reaches. */
async function serversOf(lines) {
  const timeouts = 'timeout connect 2s\n  timeout client 5s\n  timeout server 5s'
  fs.writeFileSync(
    'haproxy.cfg',
    `defaults\n  mode tcp\n  ${timeouts}\nlisten l\n  bind 127.0.0.1:9100\n  balance source\n  hash-type consistent\n${lines.join('')}`,
  )
  const haproxy = spawn('root/usr/sbin/haproxy', ['-db', '-f', 'haproxy.cfg'], {
    stdio: 'ignore',
    env: { ...process.env, LD_LIBRARY_PATH: 'root/usr/lib/x86_64-linux-gnu' },
  })
  const ended = new Promise((done) => haproxy.once('exit', done))
  for (let i = 0; (await serverOf('127.0.0.1')) === ''; i++) {
    if (i === 200) throw new Error('HAProxy does not serve')
    await new Promise((done) => setTimeout(done, 50))
  }
  const servers = []
  for (let i = 0; i < CLIENTS; i++) servers.push(await serverOf(`127.21.${i >> 6}.${((i * 37) % 251) + 1}`))
  haproxy.kill()
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

function moved(before, after, removed) {
  const count = before.filter((server, i) => server !== removed && server !== after[i]).length
  return Math.round((1000 * count) / CLIENTS) / 10
}
main()
JS
unshare -rn sh -c 'ip link set lo up && exec node run.cjs'
