import * as Type from 'typebox'
import type { Option } from './command.js'
import { operation } from './operation.js'
import { names, whole } from './parsers.js'
import { EVENTS_MAX, HASHES, LBS_MAX, PredictParameters, SEED_MAX, SELECTIONS } from './predict-parameters.js'
import { lazily, optional, strict } from './schemas.js'

function lbOption(sets: 'kill' | 'add' | 'drain' | 'undrain', description: string): Option<PredictParameters> {
  return { flags: `--${sets} <lbs>`, sets, description, parse: names, completes: 'lb' }
}

/** Operations that predict the outcomes of flows. */
export const predictOperations = [
  operation({
    name: 'predict',
    summary:
      'Predicts the outcomes of the established TCP flows after a change, by the route table and by the closed formula: direct loss, collateral, unaffected. `selection` predicts as if the cluster ran another one; `all` for each. Changes nothing.',
    method: 'GET',
    path: '/v1/predict',
    parameters: PredictParameters,
    result: lazily(() => import('./prediction-schemas.js').then(({ Prediction }) => Prediction)),
    commands: [
      {
        words: 'predict',
        group: 'Inspection:',
        description: 'predict what a change does to the established flows: direct loss and collateral',
        needsOption: true,
        options: [
          lbOption('kill', 'LBs that go, by death, a link down or a withdrawn route: lb-2,lb-3'),
          lbOption('add', 'LBs that return or join; lb-5 may be one that does not exist'),
          lbOption('drain', 'LBs that drain'),
          lbOption('undrain', 'LBs that end their drain'),
          { flags: '--lbs <n>', sets: 'lbs', description: 'number of LBs of the cluster', parse: whole(1, LBS_MAX) },
          {
            flags: '--set-selection <name>',
            sets: 'setSelection',
            description: 'the selection changes',
            choices: SELECTIONS,
          },
          { flags: '--set-hash <name>', sets: 'setHash', description: 'the hash changes', choices: HASHES },
          {
            flags: '--set-seed <n>',
            sets: 'setSeed',
            description: 'the seed of the hash changes',
            parse: whole(0, SEED_MAX),
          },
          {
            flags: '--selection <name>',
            sets: 'selection',
            description: "as if the cluster had always run this selection; 'all': each of them, for the same flows",
            choices: [...SELECTIONS, 'all'],
          },
        ],
        examples: [
          'predict --kill lb-2',
          'predict --kill lb-2 --selection all',
          'predict --add lb-5',
          'predict --lbs 8 --selection maglev --json',
          'predict --set-selection maglev',
        ],
        output: () => import('../cli/prediction-report.js').then(({ predictionOutput }) => predictionOutput),
      },
    ],
    run: (control, { selection, ...change }) => control.oracle.predict(change, selection),
  }),
  operation({
    name: 'predictions',
    summary:
      'Lists the events that have changed the next hops of flows: what was predicted when each began, and what was measured after it, the newest first; at most `limit` (64).',
    method: 'GET',
    path: '/v1/predictions',
    parameters: strict({
      limit: optional(Type.Integer({ minimum: 1, maximum: EVENTS_MAX, title: `a number from 1 to ${EVENTS_MAX}` })),
    }),
    result: lazily(() => import('./prediction-schemas.js').then(({ EventPredictions }) => EventPredictions)),
    commands: [
      {
        words: 'predictions',
        group: 'Inspection:',
        description: 'show what was predicted for the last events, and what was measured',
        options: [
          {
            flags: '--limit <n>',
            sets: 'limit',
            description: 'number of events, the newest first',
            parse: whole(1, EVENTS_MAX),
            fallback: 1,
          },
        ],
        examples: ['predictions', 'predictions --limit 5', 'predictions --json'],
        output: () =>
          import('../cli/event-prediction-report.js').then(({ eventPredictionsOutput }) => eventPredictionsOutput),
      },
    ],
    run: (control, { limit = EVENTS_MAX }) => control.oracle.predictions(limit),
  }),
] as const
