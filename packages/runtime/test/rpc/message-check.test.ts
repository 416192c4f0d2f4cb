import t from 'tap'
import Type from 'typebox'
import { MessageCheck } from '../../dist/rpc/message-check.js'
import { countersOf, countsOf, keyOf, mapOf, NoParams, nullable, oneOf, strict, Text } from '../../dist/schemas.js'

const check = new MessageCheck({
  file: 'src/contract.ts',
  methods: { place: { params: strict({ address: Text }), result: mapOf(Type.Array(Text)) } },
  events: { vips: Type.Array(strict({ address: Text, state: oneOf(['up', 'down']) })) },
})

t.test('messages that satisfy the contract pass', async () => {
  check.params('place', { address: '127.20.10.1' })
  check.result('place', { 'lb-1': ['web'] })
  check.event('vips', [{ address: '127.20.10.1', state: 'up' }])
})

t.test('others are refused, with method, place and remedy', async (t) => {
  t.throws(() => check.params('place', { address: 1 }), {
    message:
      /^the parameter object of 'place' violates src\/contract.ts: \/address .*string.*; correct the sender or the contract$/,
  })
  t.throws(() => check.params('place', { address: '', port: 1 }), /\/ .*additional/)
  t.throws(() => check.result('place', { 'lb-1': [1] }), /the result of 'place' .*\/lb-1\/0 /)
  t.throws(() => check.event('vips', [{ address: '', state: 'gone' }]), /the event 'vips' .*\/0\/state /)
})

t.test('what a contract does not have is named', async (t) => {
  t.throws(
    () => check.params('remove', {}),
    /the parameter object of 'remove': src\/contract.ts does not have it; add it there/,
  )
  t.throws(() => check.event('gone', {}), /the event 'gone'/)
})

t.test('pieces of schemas say what they look like', async (t) => {
  const registry = { modulo: () => 1, maglev: () => 2 }
  for (const [schema, good, bad] of [
    [keyOf(registry), 'maglev', 'other'],
    [oneOf(['a', 'b']), 'a', 'c'],
    [nullable(Text), null, 1],
    [countsOf(['a', 'b']), { a: 0, b: 1 }, { a: 0 }],
    [countersOf(['a', 'b']), { a: 0 }, { c: 0 }],
    [mapOf(Type.Integer()), { a: 1 }, { a: '1' }],
    [NoParams, {}, { a: 1 }],
  ] as const) {
    const one = new MessageCheck({ file: 'f', methods: {}, events: { e: schema } })
    t.doesNotThrow(() => one.event('e', good), JSON.stringify(good))
    t.throws(() => one.event('e', bad), /violates/, JSON.stringify(bad))
  }
})
