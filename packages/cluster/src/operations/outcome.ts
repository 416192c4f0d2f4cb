import type { DeepReadonly } from './schemas.js'

/** Outcome of a run: a result, or progress and then the result. */
export type Outcome<R, G> = Promise<DeepReadonly<R>> | Steps<R, G>
/** Progress of a streaming run; it returns the result. */
export type Steps<R, G> = AsyncGenerator<DeepReadonly<G>, DeepReadonly<R>, undefined>
