import { ChildStateError } from '@fivetuple/runtime'
import { ApiError } from '../../api/problem.js'

/** Rejects with an ApiError: 409 if the state of a role does not allow an action, else 503. */
export async function asApiError<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof ApiError) throw error
    throw new ApiError(error instanceof ChildStateError ? 409 : 503, (error as Error).message)
  }
}
