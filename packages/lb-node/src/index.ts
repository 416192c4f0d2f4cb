export type {
  LbBackendConfig,
  LbBgpConfig,
  LbConfig,
  LbServiceConfig,
  NatConfig,
  NatTimeouts,
} from './config.js'
