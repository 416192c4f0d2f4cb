import type { BackendContract } from '@fivetuple/backend'
import type { LbContract } from '@fivetuple/lb-node'
import { type Client, client, type EventOf, type LoadContract } from '@fivetuple/runtime'
import type { SwitchContract } from '@fivetuple/switch'
import { ApiError } from '../api/problem.js'

/** Program of the cluster. */
export type RoleKind = 'switch' | 'lb' | 'backend'

/** Report that a role sends without a request. */
export type RoleReport =
  | ({ readonly kind: 'switch' } & EventOf<SwitchContract>)
  | ({ readonly kind: 'lb' } & EventOf<LbContract>)

/** Contract of each kind of role, loaded only to check messages. */
export const LOAD_CONTRACT: Readonly<Record<RoleKind, LoadContract>> = {
  switch: async () => (await import('@fivetuple/switch/contract')).switchContract,
  lb: async () => (await import('@fivetuple/lb-node/contract')).lbContract,
  backend: async () => (await import('@fivetuple/backend/contract')).backendContract,
}

/**
 * Clients of the roles, by name. A request rejects with an {@link ApiError} if the role can't
 * respond or reports an error.
 */
export interface RoleClients {
  switch(name: string): Client<SwitchContract>
  lb(name: string): Client<LbContract>
  backend(name: string): Client<BackendContract>
}

/** Sends a request to a role, as the supervisor does. */
export type RequestRole = (name: string, method: string, params: unknown) => Promise<unknown>

/** Returns clients of roles that requests are sent to by `request`. */
export function roleClients(request: RequestRole): RoleClients {
  const to = (name: string) => (method: string, params: unknown) =>
    request(name, method, params).catch((error: Error) => {
      throw new ApiError(503, error.message)
    })
  return {
    switch: (name) => client<SwitchContract>(to(name)),
    lb: (name) => client<LbContract>(to(name)),
    backend: (name) => client<BackendContract>(to(name)),
  }
}
