#!/usr/bin/env bash
# Guess:    a load tool whose connections go silent reports time-outs or errors; wrk has a `--timeout` (2 s), h2load counts `errored` and `timeout`.
# Happens:  five of ten connections get no response any more after their third request, for the whole run of six seconds. wrk prints no `Socket errors` line at all, and a p99 of
#           some 20 ms: it judges a request when its response arrives, so one without a response is nothing. h2load prints `0 failed, 0 errored, 0 timeout`; all that shows is that
#           `started` is above `done`, as it is at the end of any run. Only requests/s is lower.
# Versions: wrk 4.1.0-3+b2, nghttp2-client (h2load) 1.52.0-1+deb12u3 (Debian 12).
# Matters:  silence is what clients of a load balancer see when it is unresponsive or a link is a black hole. Judged by these tools, the failure costs throughput and nobody waits. fivetuple's
#           client gives every request a deadline and counts those that miss it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download wrk=4.1.0-3+b2 nghttp2-client=1.52.0-1+deb12u3 libluajit2-5.1-2 libluajit-5.1-2 libev4 libjansson4 libjemalloc2 libnghttp2-14 libxml2 libicu72 >/dev/null 2>&1
for package in *.deb; do dpkg -x "$package" root; done

cat >run.cjs <<'JS'
const http = require('node:http')
const { execFile } = require('node:child_process')

let connections = 0
let silent = 0
const server = http.createServer((request, response) => {
  const { socket } = request
  socket.number ??= connections++
  socket.requests = (socket.requests ?? 0) + 1
  if (socket.number % 2 === 1 && socket.requests > 3) silent++
  else setTimeout(() => response.end('ok'), 10)
})

server.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}/`
  const wrk = await run('wrk', ['-t1', '-c10', '-d6', '--latency', url])
  const h2load = await run('h2load', ['--h1', '-t1', '-c10', '-D6', url])
  server.closeAllConnections()
  server.close()
  console.log(wrk.split('\n').filter((line) => /99%|Socket errors|requests in/.test(line)).join('\n'))
  console.log(h2load.split('\n').filter((line) => /^requests:/.test(line)).join('\n'))
  console.log(`connections without a response: ${silent}`)
  const isAsRecorded = silent === 10 && !/Socket errors/.test(wrk) && /0 failed, 0 errored, 0 timeout/.test(h2load)
  if (!isAsRecorded) process.exitCode = 1
})

function run(program, args) {
  const env = { ...process.env, LD_LIBRARY_PATH: `${__dirname}/root/usr/lib/x86_64-linux-gnu` }
  return new Promise((done, fail) => {
    execFile(`${__dirname}/root/usr/bin/${program}`, args, { env, timeout: 30_000 }, (error, stdout, stderr) => {
      if (error) fail(new Error(`${program}: ${error.message} ${stderr}`))
      else done(stdout)
    })
  })
}
JS
node run.cjs
