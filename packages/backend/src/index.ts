export type { BackendConfig } from './config.js'
