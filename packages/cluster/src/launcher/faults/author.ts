/**
 * Originator of a fault: the command line, a program that uses the API, the configuration, or a
 * scenario.
 */
export type Author = (typeof AUTHORS)[number]
export const AUTHORS = ['cli', 'api', 'config', 'scenario'] as const

/** Header in which a client of the API names the author of its requests; default `api`. */
export const AUTHOR_HEADER = 'fivetuple-author'

/** Authors that a client may name: only the launcher itself reads the configuration. */
export const CLIENT_AUTHORS = ['cli', 'api', 'scenario'] as const satisfies readonly Author[]
