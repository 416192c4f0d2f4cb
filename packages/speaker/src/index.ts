/** A BGP speaker on real TCP connections. */
export {
  Speaker,
  type SpeakerNeighbor,
  type SpeakerOptions,
  type SpeakerRefusals,
  type SpeakerSession,
} from './speaker.js'
