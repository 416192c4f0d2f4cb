import { strict as assert } from 'node:assert'
import { TCP_STATE_NAMES, TcpState } from '@fivetuple/tcp'
import t from 'tap'
import { NO_TRANSITION, TcpInput, TRANSITIONS } from '../dist/state.js'

// The arrows of RFC 9293 figure 5, without LISTEN and without simultaneous open.
const ARROWS = [
  'CLOSED CONNECT SYN_SENT',
  'CLOSED SYN SYN_RECEIVED',
  'SYN_SENT SYN_ACKED ESTABLISHED',
  'SYN_RECEIVED SYN_ACKED ESTABLISHED',
  'ESTABLISHED FIN_SENT FIN_WAIT_1',
  'ESTABLISHED FIN CLOSE_WAIT',
  'FIN_WAIT_1 FIN_ACKED FIN_WAIT_2',
  'FIN_WAIT_1 FIN CLOSING',
  'FIN_WAIT_2 FIN TIME_WAIT',
  'CLOSE_WAIT FIN_SENT LAST_ACK',
  'CLOSING FIN_ACKED TIME_WAIT',
  'LAST_ACK FIN_ACKED CLOSED',
  'TIME_WAIT TIME_WAIT_OVER CLOSED',
  ...TCP_STATE_NAMES.map((state) => `${state} ABORT CLOSED`),
]

t.test('the table is total and has exactly these transitions', async (t) => {
  const inputs = Object.entries(TcpInput)
  t.equal(TRANSITIONS.length, TCP_STATE_NAMES.length)
  const arrows: string[] = []
  for (const [state, row] of TRANSITIONS.entries()) {
    assert.equal(row.length, inputs.length)
    for (const [name, input] of inputs) {
      const next = row[input]!
      if (next !== NO_TRANSITION) arrows.push(`${TCP_STATE_NAMES[state]} ${name} ${TCP_STATE_NAMES[next]}`)
    }
  }
  t.strictSame(arrows.sort(), ARROWS.toSorted())
})

t.test('each state is the index of its name', async (t) => {
  for (const name of TCP_STATE_NAMES) t.equal(TCP_STATE_NAMES[TcpState[name]], name)
})
