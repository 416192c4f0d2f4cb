#!/usr/bin/env bash
# Guess:    an EventSource whose server restarts reconnects until the server is back, as browsers do.
# Happens:  undici 6 reconnects after the end of a stream; if that attempt is refused since the server is not back yet, it closes for good (readyState 2) after one more `error` event. undici 7 goes on and
#           receives the next event. Both give up for good, as the HTML standard demands, when a reconnection is answered by a status other than 200, such as the 503 of a proxy in front of the server.
# Versions: undici 6.29.0 and 7.30.0, Node.js 20. Node.js 22 has undici 6 built in.
# Matters:  a consumer of events that survives the end of a stream in a test, where the server answers at once, is silent after the first real restart. In the documentation of fivetuple's events, the
#           recommended loop opens a new EventSource when readyState is 2.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >package.log
npm install --silent --no-audit --no-fund --ignore-scripts undici6@npm:undici@6.29.0 undici7@npm:undici@7.30.0
cat >run.mjs <<'JS'
import { createServer } from 'node:http'

const DOWN_MS = 1_000
const WAIT_MS = 5_000

/** Returns what a client has and does when its server was away, or answered a reconnection by 503. */
async function outcome(EventSource, answers503) {
  let requests = 0
  const server = createServer((_request, response) => {
    requests++
    if (answers503 && requests === 2) return void response.writeHead(503).end()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`retry: 200\nid: ${requests}\ndata: stream ${requests}\n\n`)
    if (requests > 1) return
    setTimeout(() => {
      response.end()
      if (answers503) return
      server.close()
      server.closeAllConnections()
      setTimeout(() => server.listen(port, '127.0.0.1'), DOWN_MS)
    }, 50)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  const source = new EventSource(`http://127.0.0.1:${port}/`)
  const received = []
  source.onmessage = ({ data }) => received.push(data)
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
  const result = `${received.join(' and ')}; readyState ${source.readyState}`
  source.close()
  server.close()
  server.closeAllConnections()
  return result
}

const GONE = 'stream 1; readyState 2'
const expected = { 6: { away: GONE, 503: GONE }, 7: { away: 'stream 1 and stream 2; readyState 1', 503: GONE } }
let status = 0
for (const version of [6, 7])
  for (const what of ['away', '503']) {
    const { EventSource } = await import(`undici${version}`)
    const result = await outcome(EventSource, what === '503')
    console.log(`undici ${version}, server ${what === '503' ? 'answers one reconnection by 503' : `away for ${DOWN_MS} ms`}: ${result}`)
    if (result !== expected[version][what]) status = 1
  }
process.exit(status)
JS
node --no-warnings run.mjs
