/** Seeded impairments of packets and streams. Pure: chance comes from a seed, time from the caller. */
export { type Random, seededRandom } from './random.js'
