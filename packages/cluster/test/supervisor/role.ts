import { appendFileSync } from 'node:fs'
import { createLogger, runRole } from '@fivetuple/runtime'

// A role for the supervisor's tests. Its "configuration file" is a word: 'orderly', or 'stubborn', which never stops by
// itself. It writes down that it was stopped in order.
const behavior = process.argv[3]
const name = process.env.FIVETUPLE_ROLE ?? ''

await runRole(createLogger(name, 'silent'), async () => ({
  info: null,
  handlers: { echo: (value: unknown) => value },
  async stop() {
    if (behavior === 'stubborn') await new Promise(() => setInterval(() => {}, 60_000))
    if (process.env.STOPPED_IN_ORDER) appendFileSync(process.env.STOPPED_IN_ORDER, `${name}\n`)
  },
}))
