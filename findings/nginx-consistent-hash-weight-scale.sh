#!/usr/bin/env bash
# Guess:    weights are ratios: four servers of weight 2 are the same as four of weight 1.
# Happens:  with `hash … consistent` the number of points that a server has on the ring is 160 times its weight, so multiplying all weights by two adds new points between
#           the old ones and moves a third of all clients; by ten, more than half. With plain `hash` it moves three quarters.
# Versions: nginx 1.22.1-9+deb12u11 with libnginx-mod-stream of the same version (Debian 12).
# Matters:  "normalising" weights in a template, or letting a controller write 100 instead of 1, is an outage for whatever has state on the servers. The same is true of every ring
#           with a number of points per weight.
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
  for (let i = 1; i <= 4; i++)
    await new Promise((done) => backends.push(net.createServer((s) => s.end(`s${i}`)).listen(9000 + i, '127.0.0.1', done)))
  const lines = (weight) => [1, 2, 3, 4].map((i) => `server 127.0.0.1:${9000 + i} weight=${weight};`)
  const seen = {}
  for (const hash of ['hash $remote_addr consistent;', 'hash $remote_addr;']) {
    const before = await serversOf(hash, lines(1))
    for (const weight of [1, 2, 10]) seen[`${hash} all weights ${weight}`] = moved(before, await serversOf(hash, lines(weight)))
  }
  for (const [what, percent] of Object.entries(seen)) console.log(`${what} ${percent} % of the clients moved`)
  for (const server of backends) server.close()
  const values = Object.values(seen)
  const isAsRecorded = values[0] === 0 && values[1] > 20 && values[2] > 45 && values[3] === 0 && values[4] > 60
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

function moved(before, after) {
  const count = before.filter((server, i) => server !== after[i]).length
  return Math.round((1000 * count) / CLIENTS) / 10
}
main()
JS
unshare -rn sh -c 'ip link set lo up && exec node run.cjs'
