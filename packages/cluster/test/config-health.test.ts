import t from 'tap'
import { formatConfigError } from '../dist/config/config-error.js'
import { loadConfig } from '../dist/config/load.js'

function errorsOf(text: string): string[] {
  const result = loadConfig(text, 'c.yaml')
  return result.ok ? [] : result.errors.map(formatConfigError)
}

t.test('settings of panic mode, and the remedy for its former name', async (t) => {
  const health = (text: string, policy = 'random') =>
    errorsOf(`vips: [{ name: web, policy: ${policy}, health: { ${text} } }]`)
  t.same(health('panicThreshold: 50, noBackend: panic'), [])
  t.match(health('noBackend: last-resort').join(), /noBackend is 'last-resort': it is called 'panic' now/)
  t.match(health('panicThreshold: 101').join(), /must be a whole number from 0 to 100/)
  t.match(
    health('panicThreshold: 50', 'active-backup').join(),
    /panicThreshold gives new flows to an unhealthy backend/,
  )
})
