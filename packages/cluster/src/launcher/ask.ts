/** Asks a role something. Rejects with an ApiError when it can't answer. */
export type Ask = (name: string, method: string, params: unknown) => Promise<unknown>
