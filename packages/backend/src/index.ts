/** Backend server: configuration of its process, misbehaviour, and the server. */
export { type Behavior, parseBehaviorChange, type Treatment, treat } from './behavior.js'
export { type BackendConfig, parseBackendConfig } from './config.js'
export type { BackendContract, BackendStatus } from './contract.js'
export { type BackendCounters, type BackendOptions, createBackend } from './create-backend.js'
export { type Backend, startBackend } from './start-backend.js'
