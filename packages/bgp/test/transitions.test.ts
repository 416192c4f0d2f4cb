import { readFileSync } from 'node:fs'
import { SESSION_EVENTS, SESSION_STATES, type SessionEvent, TRANSITIONS } from '@fivetuple/bgp'
import t from 'tap'
import { README, withDrawing } from './draw-transitions.js'

const EVENTS = Object.keys(SESSION_EVENTS) as SessionEvent[]

/** RFC 4271 §8.2.2 once more, by hand: what does not end in idle. */
const NOT_IDLE: Readonly<Record<string, string>> = {
  'idle start': 'connect',
  'idle start-passive': 'active',
  'connect start': 'connect',
  'connect start-passive': 'connect',
  'connect retry-expired': 'connect',
  'connect connected': 'open-sent',
  'connect transport-lost': 'active',
  'active start': 'active',
  'active start-passive': 'active',
  'active retry-expired': 'connect',
  'active connected': 'open-sent',
  'active transport-lost': 'active',
  'open-sent start': 'open-sent',
  'open-sent start-passive': 'open-sent',
  'open-sent connected': 'open-sent',
  'open-sent transport-lost': 'active',
  'open-sent open': 'open-confirm',
  'open-confirm start': 'open-confirm',
  'open-confirm start-passive': 'open-confirm',
  'open-confirm connected': 'open-confirm',
  'open-confirm keepalive-expired': 'open-confirm',
  'open-confirm keepalive': 'established',
  'established start': 'established',
  'established start-passive': 'established',
  'established connected': 'established',
  'established keepalive-expired': 'established',
  'established keepalive': 'established',
  'established update': 'established',
}

t.test('every event in every state', (t) => {
  let count = 0
  for (const state of SESSION_STATES)
    for (const event of EVENTS) {
      t.equal(TRANSITIONS[state][event], NOT_IDLE[`${state} ${event}`] ?? 'idle', `${state} × ${event}`)
      count++
    }
  t.equal(count, 6 * 15)
  t.equal(Object.values(TRANSITIONS).flatMap((row) => Object.keys(row)).length, count, 'and nothing else')
  t.end()
})

t.test('the drawing in the README', (t) => {
  const readme = readFileSync(README, 'utf8')
  t.equal(readme, withDrawing(readme), 'is outdated: run node packages/bgp/dist-test/draw-transitions.js')
  t.end()
})
