/** Drivers of pure machines: clock, timers, sockets, cables, processes, log, RPC. */
export { Backoff, type BackoffOptions } from './backoff.js'
export { Cable, type CableHandlers } from './cable/cable.js'
export type { CableIdentity } from './cable/cable-hello.js'
export { CablePort } from './cable/cable-port.js'
export { type CableDialler, type DialOptions, dialCable } from './cable/dial-cable.js'
export { type CableListener, type CableListenOptions, listenCables } from './cable/listen-cables.js'
export { type Clock, monotonicClock, realTimers, type Timers } from './clock.js'
export { DeadlineTimer } from './deadline-timer.js'
export { descriptorLimit } from './descriptor-limit.js'
export { machineTimeUs } from './happenings/machine-time.js'
export {
  type Happening,
  type OnHappened,
  type ReportedHappening,
  Reporter,
  type ReporterOptions,
  roleReporter,
} from './happenings/reporter.js'
export { explainListenError, listenExclusive } from './listen.js'
export { createLogger, LOG_LEVELS, type Logger } from './log.js'
export { type ProcessResources, processResources } from './process-resources.js'
export { asRecordBatch, RECORDS_FD_VARIABLE, type RecordBatch } from './records/record-batch.js'
export { RecordReader } from './records/record-reader.js'
export { RecordSender, type RecordSenderOptions, type RecordSink, type RecordSource } from './records/record-sender.js'
export { RecordStream } from './records/record-stream.js'
export { type RunningRole, readRoleConfig, runRole } from './role.js'
export {
  type Client,
  type Contract,
  client,
  type EventOf,
  type Handlers,
  type Immutable,
  type LoadContract,
  type Message,
  type MethodOf,
  type Params,
  type Result,
  type SendEvent,
} from './rpc/contract.js'
export type { RpcReport, RpcRequest, RpcResponse } from './rpc/messages.js'
export { RpcClient, type RpcClientOptions } from './rpc/rpc-client.js'
export { eventSender, sendReport, serve } from './rpc/serve.js'
export {
  type DatagramOperation,
  DatagramSocket,
  type DatagramSocketHandlers,
  type DatagramSocketOptions,
} from './socket/datagram-socket.js'
export { KernelDrops, type OverflowedSocket, parseUdpDrops } from './socket/kernel-drops.js'
export { netSockets } from './socket/net-sockets.js'
export { wasSocketReset } from './socket/reset-check.js'
export { streamSockets } from './socket/sockets.js'
export type { StreamListener, StreamSocket, StreamSocketHandlers, StreamSockets } from './socket/stream-socket.js'
export { uvSockets } from './socket/uv-sockets.js'
export {
  type Child,
  type ChildReports,
  type ChildState,
  ChildStateError,
  ChildSupervisor,
  type ChildSupervisorOptions,
  type SupervisorPolicy,
} from './supervisor/child-supervisor.js'
export { UnprovenConnections, type UnprovenConnectionsOptions } from './unproven-connections.js'
