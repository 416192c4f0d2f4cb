import { readFileSync } from 'node:fs'
import { VRRP_EVENTS, VRRP_STATES, VRRP_TRANSITIONS, type VrrpEvent } from '@fivetuple/vrrp'
import t from 'tap'
import { README, withDrawing } from './draw-transitions.js'

const EVENTS = Object.keys(VRRP_EVENTS) as VrrpEvent[]

/** RFC 9568 §6.4 once more, by hand; what is not in here changes and does nothing. */
const BY_HAND: Readonly<Record<string, readonly [string, string]>> = {
  'initialize startup': ['backup', 'wait-down'],
  'backup shutdown': ['initialize', 'stop-timer'],
  'backup cut': ['initialize', 'stop-timer'],
  'backup timer': ['active', 'advertise wait-interval'],
  'backup resignation': ['backup', 'wait-skew'],
  'backup superior': ['backup', 'learn-interval wait-down'],
  'active shutdown': ['initialize', 'stop-timer resign'],
  'active cut': ['initialize', 'stop-timer'],
  'active timer': ['active', 'advertise wait-interval'],
  'active resignation': ['active', 'advertise wait-interval'],
  'active superior': ['backup', 'learn-interval wait-down'],
  'active inferior': ['active', 'advertise'],
}

t.test('every event in every state', (t) => {
  let count = 0
  for (const state of VRRP_STATES)
    for (const event of EVENTS) {
      const { to, actions } = VRRP_TRANSITIONS[state][event]
      t.same([to, actions.join(' ')], BY_HAND[`${state} ${event}`] ?? [state, ''], `${state} × ${event}`)
      count++
    }
  t.equal(count, 3 * 7)
  t.equal(Object.values(VRRP_TRANSITIONS).flatMap((row) => Object.keys(row)).length, count, 'and nothing else')
  t.end()
})

t.test('the drawing in the README', (t) => {
  const readme = readFileSync(README, 'utf8')
  t.equal(readme, withDrawing(readme), 'is outdated: run node packages/vrrp/dist-test/draw-transitions.js')
  t.end()
})
