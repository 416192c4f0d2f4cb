import { figure, renderTable } from '@fivetuple/bench'
import t from 'tap'

t.test('columns are as wide as they must be', (t) => {
  t.equal(
    renderTable([
      ['', 'ns'],
      ['fib lookup', '12.3'],
    ]),
    '              ns\n----------  ----\nfib lookup  12.3\n',
  )
  t.equal(renderTable([]), '')
  t.end()
})

t.test('figures have three digits', (t) => {
  t.same([0, 0.012345, 1.005, 99.94, 123.4, 54_321.9, Number.NaN, undefined].map(figure), [
    '0',
    '0.0123',
    '1.00',
    '99.9',
    '123',
    '54322',
    '-',
    '-',
  ])
  t.end()
})
