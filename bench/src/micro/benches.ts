import { controlPlaneBenches } from './control-plane.js'
import { flowRecordBenches } from './flow-records.js'
import { forwardingBenches } from './forwarding.js'
import type { MicroBench } from './micro-bench.js'
import { parsingBenches } from './parsing.js'
import { sessionBenches } from './sessions.js'
import { tcpBenches } from './tcp-ping-pong.js'
import { translationBenches } from './translation.js'

/** All micro benches, in the order in which they are shown. */
export const MICRO_BENCHES: readonly MicroBench[] = [
  ...forwardingBenches,
  ...parsingBenches,
  ...translationBenches,
  ...sessionBenches,
  ...flowRecordBenches,
  ...controlPlaneBenches,
  ...tcpBenches,
]
