import type { Scope } from '@fivetuple/faults'
import t from 'tap'
import type { LinkFault } from '../../dist/index.js'
import { rig } from './rig.js'

const fault = (fault: LinkFault['fault'], scope: Scope = 'all', id: string = fault.kind): LinkFault => ({
  id,
  fault,
  scope,
  seed: 7,
})

t.test('packets are impaired while a fault is there or a packet is under way, and then no more', async (t) => {
  const { virtual, faults, uplink, downlink } = rig()
  const set = (...list: LinkFault[]) => faults.set([{ side: 'uplink', direction: 'out', faults: list }])
  t.equal(uplink.impairsOutput, undefined)
  set(fault({ kind: 'delay', ms: 20 }))
  t.strictSame(uplink.swaps, ['output impaired'])
  const arrived: string[] = []
  uplink.impairsOutput?.(100, () => arrived.push(`a at ${virtual.now}`))
  virtual.runUntil(5)
  set()
  t.strictSame(uplink.swaps, ['output impaired'], 'a packet is under way')
  uplink.impairsOutput?.(100, () => arrived.push(`b at ${virtual.now}`))
  virtual.runUntil(19.9)
  t.strictSame(arrived, [])
  virtual.runUntil(20)
  t.strictSame(arrived, ['a at 20', 'b at 20'], 'in order')
  t.strictSame(uplink.swaps, ['output impaired', 'output straight'])
  t.strictSame(downlink.swaps, [])
})

t.test('a fault of control leaves data alone, and one of data leaves control alone', async (t) => {
  const { virtual, faults, uplink } = rig()
  const arrived: string[] = []
  faults.set([{ side: 'uplink', direction: 'in', faults: [fault({ kind: 'black-hole' }, 'control')] }])
  t.strictSame(uplink.swaps, [])
  faults.sendDatagram('uplink', 'in', 24, () => arrived.push('dropped'))
  faults.sendDatagram('uplink', 'out', 24, () => arrived.push('other direction'))
  faults.sendDatagram('downlink', 'in', 24, () => arrived.push('other link'))
  faults.set([{ side: 'uplink', direction: 'in', faults: [fault({ kind: 'black-hole' }, 'data')] }])
  faults.sendDatagram('uplink', 'in', 24, () => arrived.push('BFD'))
  uplink.impairsInput?.(100, () => arrived.push('dropped'))
  virtual.runUntil(1_000)
  t.strictSame(arrived, ['other direction', 'other link', 'BFD'])
  t.match(faults.direction('uplink', 'in').counters, { sent: 2, drops: { 'black-hole': 2 } })
})

t.test('a fault that stays keeps its state when another is added or cleared', async (t) => {
  const { virtual, faults } = rig()
  const dropsWith = (change: boolean): number[] => {
    const { faults, uplink } = rig()
    const dropped: number[] = []
    const loss = fault({ kind: 'loss', rate: 0.5 })
    faults.set([{ side: 'uplink', direction: 'out', faults: [loss] }])
    for (let i = 0; i < 100; i++) {
      if (change && i === 50)
        faults.set([{ side: 'uplink', direction: 'out', faults: [loss, fault({ kind: 'duplicate', rate: 0 })] }])
      let arrived = 0
      uplink.impairsOutput?.(100, () => arrived++)
      if (arrived === 0) dropped.push(i)
    }
    return dropped
  }
  t.strictSame(dropsWith(true), dropsWith(false))
  faults.close()
  t.equal(virtual.nextAt, Number.POSITIVE_INFINITY)
})
