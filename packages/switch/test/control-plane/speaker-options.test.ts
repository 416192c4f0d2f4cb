import { parsePrefix } from '@fivetuple/packet'
import t from 'tap'
import { speakerOptions } from '../../dist/control-plane/speaker-options.js'

const neighbor = {
  name: 'lb-1',
  address: '127.20.1.1',
  as: 65_100,
  portId: 1,
  port: 1790,
  holdTime: 9,
  nextHop: null,
  exports: [],
  allowedPrefixes: ['127.20.10.0/24'],
  passive: false,
  prefixLimit: 10,
} as const

const options = (changed: object) =>
  speakerOptions({
    address: '127.20.0.1',
    bgp: { port: 1790, as: 65_000, holdTime: 9, announce: [], neighbors: [{ ...neighbor, ...changed }] },
  })

t.test('a neighbour with a port dials, is gated by its carrier, and packets go to it', async (t) => {
  const { neighbors, routerId, listen } = options({})
  t.match(neighbors[0], { passive: true, forwards: true, linkUp: false, port: 1790, as: 65_100 })
  t.same(neighbors[0]!.allowedPrefixes, [parsePrefix('127.20.10.0/24')])
  t.same([routerId, listen], [0x7f140001, true])
})

t.test('a neighbour without a port is dialled unless it is passive, and nothing is forwarded to it', async (t) => {
  t.match(options({ portId: null }).neighbors[0], { passive: false, forwards: false, linkUp: true })
  t.equal(options({ portId: null, passive: true }).neighbors[0]!.passive, true)
})

t.test('a next hop is set where the configuration has one', async (t) => {
  t.equal(options({}).neighbors[0]!.nextHop, undefined)
  t.equal(options({ nextHop: '198.18.0.1' }).neighbors[0]!.nextHop, '198.18.0.1')
})
