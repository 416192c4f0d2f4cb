#!/usr/bin/env bash
# Guess:    at a fixed rate far below what the server can do, autocannon's latency is that of the server, corrected upwards (if at all) for requests that had to wait.
# Happens:  every response of the server takes 100 ms, ten connections, one request a second each. With `overallRate` the reported median is about 54 ms and the minimum 1 ms; without it,
#           102 and 100 ms. With a rate the correction for coordinated omission is on, and its expected interval is not the connection's (1 s): each sample of 100 ms is
#           filled up with one of 99, 98, … 1 ms. `ignoreCoordinatedOmission: true` gives 100 ms.
# Versions: autocannon 9.0.0 (npm), Node.js 20.
# Matters:  a fixed rate is what one takes to compare latency before and during a failure. Halved latencies, with percentiles that look plausible, pass unnoticed. fivetuple's client counts from
#           the moment at which each request was due and adds no samples.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . autocannon@9.0.0
cat >run.cjs <<'JS'
const http = require('node:http')
const autocannon = require('autocannon')
const SERVER_MS = 100

const server = http.createServer((_, response) => setTimeout(() => response.end('ok'), SERVER_MS))
server.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}`
  const latencies = []
  for (const options of [{}, { overallRate: 10 }, { overallRate: 10, ignoreCoordinatedOmission: true }]) {
    const { latency, requests } = await autocannon({ url, connections: 10, duration: 5, ...options })
    latencies.push(latency)
    console.log(`${JSON.stringify(options)}: ${requests.total} requests, minimum ${latency.min}, median ${latency.p50} ms`)
  }
  server.close()
  const [free, rated, uncorrected] = latencies
  const isAsRecorded = free.min >= 95 && rated.min < 10 && rated.p50 < 80 && uncorrected.min >= 95
  if (!isAsRecorded) process.exitCode = 1
})
JS
node run.cjs
