import t from 'tap'
import { addressesFrom, hasTimeWait } from '../../dist/cli/time-wait.js'

const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'
const POOL = addressesFrom('127.20.100.1', 1022)
const VIP = new Set(['127.20.10.1:8080'])

t.test('finds a connection of the pool to a target in TIME_WAIT', (t) => {
  const row = (local: string, remote: string, state: string): string =>
    `${HEADING}\n   0: ${local} ${remote} ${state} 00000000:00000000 03:00000F00 00000000     0        0 0 3 0000000000000000\n`
  // 127.20.100.7:41234 > 127.20.10.1:8080
  t.equal(hasTimeWait(row('0764147F:A112', '010A147F:1F90', '06'), POOL, VIP), true)
  t.equal(hasTimeWait(row('0764147F:A112', '010A147F:1F90', '01'), POOL, VIP), false, 'established')
  t.equal(hasTimeWait(row('0764147F:A112', '020A147F:1F90', '06'), POOL, VIP), false, 'another VIP')
  t.equal(hasTimeWait(row('0100007F:A112', '010A147F:1F90', '06'), POOL, VIP), false, 'a source elsewhere')
  t.equal(hasTimeWait(HEADING, POOL, VIP), false)
  t.end()
})

t.test('the bounds of a pool', (t) => {
  t.same(
    ['127.20.100.0', '127.20.100.1', '127.20.103.254', '127.20.103.255'].map((address) => POOL(address)),
    [false, true, true, false],
  )
  t.end()
})
