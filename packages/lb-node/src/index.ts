export type {
  LbBackendConfig,
  LbBgpConfig,
  LbCableConfig,
  LbConfig,
  LbServiceConfig,
  NatConfig,
  NatTimeouts,
} from './config.js'
