#!/usr/bin/env bash
# Guess:    a client of server-sent events that is cut off within an event reconnects with the id of the last event that it has delivered (Last-Event-ID), so a server that resumes behind that id loses nothing.
# Happens:  eventsource 2 takes the id over when it has read the line `id:`, before the event is complete. After a reset or a FIN within an event it asks for what follows an event that it never delivered:
#           that event is lost, and nothing reports it. If the server writes `id:` as the last field of an event, the same client loses nothing. eventsource 3 to 5, launchdarkly-eventsource 2 and undici's
#           EventSource take the id over with the blank line, as the HTML standard says (9.2.6), and lose nothing in either order.
# Versions: eventsource 2.0.2, 3.0.7, 4.1.0, 5.1.5, launchdarkly-eventsource 2.2.0, undici 6.29.0 and 7.30.0, Node.js 20.
# Matters:  this is the moment that resumption exists for: an LB or a server dies in the middle of a write. Version 2 is what many programs still have installed. fivetuple writes `id:` last in its stream of
#           events.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >package.log
npm install --silent --no-audit --no-fund --ignore-scripts eventsource2@npm:eventsource@2.0.2 eventsource3@npm:eventsource@3.0.7 eventsource4@npm:eventsource@4.1.0 eventsource5@npm:eventsource@5.1.5 \
  launchdarkly-eventsource@2.2.0 undici6@npm:undici@6.29.0 undici7@npm:undici@7.30.0
cat >run.mjs <<'JS'
import { createServer } from 'node:http'

const CLIENTS = {
  'eventsource 2': async () => (await import('eventsource2')).default,
  'eventsource 3': async () => (await import('eventsource3')).EventSource,
  'eventsource 4': async () => (await import('eventsource4')).EventSource,
  'eventsource 5': async () => (await import('eventsource5')).EventSource,
  'launchdarkly-eventsource 2': async () => (await import('launchdarkly-eventsource')).default.EventSource,
  'undici 6': async () => (await import('undici6')).EventSource,
  'undici 7': async () => (await import('undici7')).EventSource,
}
/** First fields of event 2, up to the cut. */
const CUTS = { 'id first': 'id: 2\ndata: tw', 'id last': 'data: two' }
const ENDS = { FIN: (response) => response.socket.end(), RST: (response) => response.socket.resetAndDestroy() }

/** Serves event 1 and a part of event 2, ends the connection, and returns the id with which the client comes back. */
function resumedAfter(EventSource, cut, end) {
  return new Promise((resolve) => {
    let requests = 0
    const server = createServer((request, response) => {
      if (++requests === 2) {
        response.writeHead(204).end()
        source.close()
        server.close()
        server.closeAllConnections()
        resolve(request.headers['last-event-id'])
        return
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('retry: 50\nid: 1\ndata: one\n\n')
      setTimeout(() => response.write(cut), 100)
      setTimeout(() => end(response), 200)
    })
    let source
    server.listen(0, '127.0.0.1', () => {
      source = new EventSource(`http://127.0.0.1:${server.address().port}/`)
      source.onerror = () => {}
    })
  })
}

const seen = {}
for (const [client, load] of Object.entries(CLIENTS))
  for (const [order, cut] of Object.entries(CUTS))
    for (const [name, end] of Object.entries(ENDS)) {
      const id = await resumedAfter(await load(), cut, end)
      console.log(`${client}, ${order}, ${name} within event 2: resumes behind event ${id}${id === '2' ? ', which it never delivered' : ''}`)
      if (id !== '1') seen[`${client} ${order} ${name}`] = id
    }
process.exit(JSON.stringify(seen) === '{"eventsource 2 id first FIN":"2","eventsource 2 id first RST":"2"}' ? 0 : 1)
JS
node --no-warnings run.mjs
