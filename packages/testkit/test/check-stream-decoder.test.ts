import { checkStreamDecoder } from '@fivetuple/testkit'
import t from 'tap'

// Items are one length byte and that many bytes.
const wire = Uint8Array.of(2, 10, 11, 0, 1, 12)
const expected = ['10,11', '', '12']
const incomplete = Uint8Array.of(3, 1)

function open(emit: (item: string) => void) {
  let pending: number[] = []
  return (chunk: Uint8Array): void => {
    pending.push(...chunk)
    while (pending.length > 0 && pending.length > pending[0]!) {
      emit(pending.slice(1, pending[0]! + 1).join())
      pending = pending.slice(pending[0]! + 1)
    }
  }
}

t.test('passes a decoder that is independent of cuts', async () => {
  checkStreamDecoder({ open, wire, expected, incomplete })
})

t.test('finds a decoder that takes chunks for items', async (t) => {
  const careless = (emit: (item: string) => void) => (chunk: Uint8Array) => open(emit)(chunk)
  t.throws(() => checkStreamDecoder({ open: careless, wire, expected, incomplete }), /byte by byte/)
})

t.test('finds a decoder that emits an incomplete item', async (t) => {
  const eager = (emit: (item: string) => void) => {
    let bytes: number[] = []
    return (chunk: Uint8Array) => {
      bytes.push(...chunk)
      const decode = open(emit)
      if (bytes.length >= wire.length) {
        decode(Uint8Array.from(bytes))
        if (bytes.length > wire.length) emit('?')
        bytes = []
      }
    }
  }
  t.throws(() => checkStreamDecoder({ open: eager, wire, expected, incomplete }), /trailing/)
})

t.test('finds an item that is a view of the chunk', async (t) => {
  const views = (emit: (item: Uint8Array) => void) => (chunk: Uint8Array) => emit(chunk)
  const one = Uint8Array.of(1)
  t.throws(() => checkStreamDecoder({ open: views, wire: one, expected: [one], incomplete: one }), /whole/)
})
