import { readFileSync } from 'node:fs'
import { BFD_EVENTS, BFD_STATES, BFD_TRANSITIONS, type BfdEvent } from '@fivetuple/bfd'
import t from 'tap'
import { README, withDrawing } from './draw-transitions.js'

/** RFC 5880 §6.8.4, §6.8.6, §6.8.16 and §6.8.17 once more, by hand: what changes the state or the diagnostic. */
const CHANGES: Readonly<Record<string, string>> = {
  'admin-down enable': 'down -',
  'down receive-down': 'init -',
  'down receive-init': 'up 0',
  'down disable': 'admin-down 7',
  'init receive-admin-down': 'down 3',
  'init receive-init': 'up 0',
  'init receive-up': 'up 0',
  'init expire': 'down 1',
  'init carrier-lost': 'down 5',
  'init disable': 'admin-down 7',
  'up receive-admin-down': 'down 3',
  'up receive-down': 'down 3',
  'up expire': 'down 1',
  'up carrier-lost': 'down 5',
  'up disable': 'admin-down 7',
}

t.test('every event in every state', (t) => {
  let count = 0
  for (const state of BFD_STATES)
    for (const event of Object.keys(BFD_EVENTS) as BfdEvent[]) {
      const { to, diagnostic = '-' } = BFD_TRANSITIONS[state][event]
      t.equal(`${to} ${diagnostic}`, CHANGES[`${state} ${event}`] ?? `${state} -`, `${state} × ${event}`)
      count++
    }
  t.equal(count, 4 * 8)
  t.equal(Object.values(BFD_TRANSITIONS).flatMap((row) => Object.keys(row)).length, count, 'and nothing else')
  t.end()
})

t.test('the drawing in the README', (t) => {
  const readme = readFileSync(README, 'utf8')
  t.equal(readme, withDrawing(readme), 'is outdated: run node packages/bfd/dist-test/draw-transitions.js')
  t.end()
})
