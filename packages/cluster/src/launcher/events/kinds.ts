import { HAPPENING_KINDS, happeningKind } from '@fivetuple/runtime/happenings'
import { Count, Ms, mapOf, nullable, strict, Text } from '@fivetuple/runtime/schemas'
import Type from 'typebox'

/** Originator of an operation or a fault. */
const author = { author: Text }
/** An injected fault, or a change of it. */
const fault = {
  ...author,
  /** Id of the fault, as in `f3`. */
  fault: Text,
  /** Kind of the fault, as in `paused`. */
  faultKind: Text,
  role: Text,
  /** Switch at the other end of the link that has it. */
  side: Type.Optional(Text),
  /** Seed of its chance; null: it uses none. */
  seed: nullable(Count),
  /** Time of day at which it ends by itself, ISO 8601; null: it lasts until it is cleared. */
  endsAt: nullable(Text),
  /** A sentence without a full stop. */
  description: Text,
}
const listenFailure = strict({ code: Text, reason: Text })

/**
 * Kinds of events, by name: the happenings that roles report, and the launcher's own. A row is all
 * that a new kind needs. Imported where schemas are needed; all else imports the types.
 */
export const EVENT_KINDS = {
  ...HAPPENING_KINDS,
  warning: happeningKind('A setting is valid and probably not meant.', {
    file: Text,
    line: Count,
    column: Count,
    path: Text,
    problem: Text,
    remedy: Text,
  }),
  ready: happeningKind('The cluster is ready: addresses and processes of all roles.', {
    /** Base URL of the control API. */
    api: Text,
    block: Text,
    vips: Type.Array(
      strict({
        name: Text,
        address: Text,
        port: Count,
        protocol: Text,
        listen: Text,
        listenFailure: nullable(listenFailure),
        lbs: Type.Array(Text),
      }),
    ),
    lbs: Type.Array(strict({ name: Text, pid: Count, address: Text, bip: Text })),
    backends: Type.Array(strict({ name: Text, pid: Count, address: Text, port: Count })),
    switches: Type.Array(strict({ name: Text, role: Text, pid: Count, address: Text })),
  }),
  stopping: happeningKind('The cluster is being stopped in order.', {}),
  stopped: happeningKind('All roles have ended. The last event.', {}),
  operation: happeningKind('An operator has requested a change.', {
    ...author,
    /** Name of the operation, as in `lb.drain`. */
    operation: Text,
    /** Values as text; JSON for lists and objects. */
    parameters: mapOf(Text),
  }),
  'operation.failed': happeningKind('An operation was refused or did not succeed.', {
    operation: Text,
    reason: Text,
  }),
  'role.started': happeningKind('A process of a role has been started.', { pid: Count }),
  'role.ready': happeningKind('A role serves.', {}),
  'role.exited': happeningKind('The process of a role has ended.', {
    /** In words. */
    how: Text,
    /** Time until its next start, ms; null: it stays down. */
    restartInMs: nullable(Ms),
  }),
  'role.failed': happeningKind('A role can not start.', { reason: Text }),
  'fault.injected': happeningKind('A fault is about to be injected.', fault),
  'fault.failed': happeningKind('A fault could not be injected after all.', fault),
  'fault.cleared': happeningKind('An operator has cleared a fault.', fault),
  'fault.ended': happeningKind('A fault has ended, since its duration is over.', fault),
  'fault.vanished': happeningKind('A role has lost a fault, by a restart for example.', fault),
  'fault.overdue': happeningKind('The duration of a fault is over, but its role does not respond.', fault),
  'listener.failed': happeningKind('Clients can not connect to a VIP, since its listener can not be bound.', {
    vip: Text,
    /** Address and port. */
    listen: Text,
    failure: listenFailure,
  }),
  'listener.restored': happeningKind('Clients can connect to a VIP again, if it has a route.', {
    vip: Text,
    listen: Text,
  }),
  'files.removed': happeningKind('Files of the run directory were removed by someone else.', {
    directory: Text,
    /** Reason why they can not be written again; null: they have been. */
    error: nullable(Text),
  }),
} as const
