/** VRRPv3 for IPv4 (RFC 9568) without I/O: codec, timing, state machine. */
export {
  type Advertisement,
  type AdvertisementFault,
  type DecodedAdvertisement,
  decodeAdvertisement,
  encodeAdvertisement,
} from './advertisement.js'
export { activeDownIntervalMs, skewTimeMs } from './timing.js'
export {
  VRRP_EVENTS,
  VRRP_STATES,
  VRRP_TRANSITIONS,
  type VrrpAction,
  type VrrpEvent,
  type VrrpState,
  type VrrpTransition,
  type VrrpTransitionTable,
} from './transitions.js'
export {
  VirtualRouter,
  type VirtualRouterConfig,
  type VirtualRouterInput,
  type VirtualRouterOutput,
} from './virtual-router.js'
