#!/usr/bin/env bash
# Guess:    a consistent hash is a function of key and node list, so all load balancers that have the same list send a key to the same node.
# Happens:  by default `consistent-hash` draws each node's points at random when the node is added. Two rings with the same four nodes disagree about three of four keys,
#           and a node that is removed and added again takes other keys than before. With `distribution: 'uniform'` the rings agree, but a node that
#           returns still does not get back what it had.
# Versions: consistent-hash 1.2.2 (npm), Node.js 20 and newer.
# Matters:  it is what active-active load balancers must not use: behind ECMP, a flow that is rehashed reaches another backend although nothing has changed there.
#           (hashring 3.2.0, consistent-hashing 0.3.0, node-hashring 1.0.2 and skeleton-rendezvous 1.1.3 derive the points from names and agree.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . consistent-hash@1.2.2 hashring@3.2.0
cat >run.cjs <<'JS'
const Ring = require('consistent-hash')
const HashRing = require('hashring')
const NODES = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']
const KEYS = Array.from({ length: 20000 }, (_, i) => `192.0.2.${i % 250}:${1024 + i}`)

const ringOf = (distribution) => {
  const ring = new Ring({ distribution })
  for (const node of NODES) ring.add(node)
  return ring
}
const nodesOf = (ring) => KEYS.map((key) => ring.get(key))
const differ = (a, b) => Math.round((1000 * a.filter((node, i) => node !== b[i]).length) / KEYS.length) / 10

const seen = {}
for (const distribution of ['random', 'uniform']) {
  const ring = ringOf(distribution)
  const before = nodesOf(ring)
  const instances = differ(before, nodesOf(ringOf(distribution)))
  ring.remove(NODES[1])
  nodesOf(ring)
  ring.add(NODES[1])
  seen[distribution] = { instances, 'removed and added again': differ(before, nodesOf(ring)) }
}
seen.hashring = { instances: differ(nodesOf(new HashRing(NODES)), nodesOf(new HashRing(NODES))) }
console.log('% of keys that go to another node:', JSON.stringify(seen, null, 1))
const isAsRecorded =
  seen.random.instances > 50 &&
  seen.random['removed and added again'] > 10 &&
  seen.uniform.instances === 0 &&
  seen.uniform['removed and added again'] > 5 &&
  seen.hashring.instances === 0
process.exit(isAsRecorded ? 0 : 1)
JS
node run.cjs
