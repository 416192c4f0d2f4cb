export type {
  ClientEdgeConfig,
  EcmpConfig,
  EdgeServiceConfig,
  EdgeTcpConfig,
  ServerEdgeConfig,
  SwitchBgpConfig,
  SwitchConfig,
  SwitchNeighborConfig,
  SwitchPortConfig,
} from './config.js'
