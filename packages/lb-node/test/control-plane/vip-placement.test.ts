import { AddressTable, type Inhibitor, VipPlacement } from '@fivetuple/lb-node'
import fc from 'fast-check'
import t from 'tap'

t.test('a VIP is on the interface if and only if it is wanted and nothing holds it back', async () => {
  const change = fc.record({
    address: fc.integer({ min: 1, max: 3 }),
    what: fc.constantFrom<'want' | Inhibitor>('want', 'standby', 'no-healthy-backend', 'no-downlink'),
    on: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const addresses = new AddressTable()
      const placement = new VipPlacement(addresses)
      const said = new Map<string, boolean>()
      for (const { address, what, on } of changes) {
        if (what === 'want') placement.want(address, on)
        else if (what === 'no-downlink') placement.inhibitAll(what, on)
        else placement.inhibit(address, what, on)
        said.set(what === 'no-downlink' ? what : `${address} ${what}`, on)
        for (const a of [1, 2, 3]) {
          const is = (key: string) => said.get(`${a} ${key}`) === true
          const isReachable = said.get('no-downlink') !== true
          const expected = is('want') && isReachable && !is('standby') && !is('no-healthy-backend')
          if (addresses.has(a) !== expected) throw new Error(`${a}: ${addresses.has(a)}, expected ${expected}`)
          if (placement.isWanted(a) !== is('want')) throw new Error(`${a} wanted`)
          if (placement.inhibitorsOf(a).includes('standby') !== is('standby')) throw new Error(`${a} held`)
        }
      }
    }),
  )
})
