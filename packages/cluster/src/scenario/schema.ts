import Type, { type Static } from 'typebox'
import { clusterSchema } from '../config/schema.js'
import { duration, name, object, text, whole } from '../config/schema-parts.js'
import { MAX_ASSERTIONS, MAX_CONNECTIONS, MAX_EVENTS, MAX_LOADS, MAX_RATE_PER_SECOND } from './limits.js'

// This module makes the published JSON Schema of scenario files. It is not loaded when a scenario
// is run: the import of TypeBox takes a fifth of a second.

const load = object(
  {
    name: Type.Optional(name('Name of the load in assertions and reports; default: that of its VIP.')),
    vip: Type.Optional(name('VIP that the requests go to; default: the first TCP VIP.')),
    rate: Type.Optional(
      whole(1, MAX_RATE_PER_SECOND, 'Requests per second, at fixed times whatever happens.', { default: 100 }),
    ),
    connections: Type.Optional(
      Type.Union(
        [whole(1, MAX_CONNECTIONS, 'Number of keep-alive connections that take turns.'), Type.Literal('new')],
        {
          title: `a whole number from 1 to ${MAX_CONNECTIONS}, or 'new' for a connection per request`,
          description: 'Keep-alive connections that take turns, or a new one for each request.',
          default: 50,
        },
      ),
    ),
    timeout: Type.Optional(duration('Time in which a request must be complete, from its due time.', '2s')),
    path: Type.Optional(text('a path such as /', '^/[!-~]{0,500}$', 'Path of the requests.', { default: '/' })),
  },
  { description: 'Requests to a VIP.' },
)

const event = object(
  {
    at: Type.Optional(duration('Time since the load began.')),
    when: Type.Optional(
      Type.Enum(['converged'], {
        title: "'converged'",
        description: 'Waits, after the event before, until each VIP has exactly the routes that it can have.',
      }),
    ),
    after: Type.Optional(duration('Time since the event before, or since `when` held.')),
    do: text(
      'a command such as kill lb-2',
      '^.{1,1000}$',
      'Command of fivetuple that changes the cluster, without `fivetuple`.',
    ),
  },
  { title: 'a mapping with do and at, when or after', description: 'A change on the time line.' },
)

/** Schema of a scenario file. */
export const scenarioSchema = object(
  {
    name: Type.Optional(name('Name of the scenario; default: that of its file.')),
    description: Type.Optional(Type.String({ title: 'a text', description: 'Question that the scenario answers.' })),
    seed: Type.Optional(
      whole(
        0,
        4_294_967_295,
        'Seed of source addresses, source ports and chance: the same seed, the same five-tuples.',
        {
          default: 1,
        },
      ),
    ),
    cluster: Type.Optional(
      Type.Union([clusterSchema, Type.String({ title: 'a file', description: 'File, relative to the scenario.' })], {
        title: 'settings of a cluster, or the name of a cluster file',
        description: 'Cluster of the scenario; default: the default cluster.',
      }),
    ),
    load: Type.Optional(
      Type.Array(load, {
        title: 'a list of loads',
        description: 'Loads that run side by side; default: one.',
        minItems: 1,
        maxItems: MAX_LOADS,
      }),
    ),
    duration: Type.Optional(duration('Time that the load lasts.', '10s')),
    events: Type.Optional(
      Type.Array(event, { title: 'a list of events', description: 'Changes, in their order.', maxItems: MAX_EVENTS }),
    ),
    assert: Type.Optional(
      Type.Array(text('an assertion such as failed < 100', '^.{1,500}$', 'Condition on the outcome.'), {
        title: 'a list of assertions',
        description: 'Conditions on the outcome; the scenario fails if one does not hold.',
        maxItems: MAX_ASSERTIONS,
      }),
    ),
  },
  {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'a mapping of settings',
    description: 'Scenario of fivetuple: a cluster, a load, changes on a time line, and assertions.',
  },
)

/** Scenario as its user wrote it. It satisfies the schema. */
export type ScenarioDocument = Static<typeof scenarioSchema>
