/** Response other than success; it becomes a problem document (RFC 9457). */
export class ApiError extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  /** @param detail the error and its remedy, for people */
  constructor(status: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail)
    this.status = status
    this.headers = headers
  }
}

/** Media type of {@link Problem}. */
export const PROBLEM_TYPE = 'application/problem+json'

/** Problem document, RFC 9457 §3.1. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
}

export function problem(status: number, detail: string): Problem {
  return { type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail }
}

/**
 * Phrases of RFC 9110 §15 and RFC 6585: with type `about:blank` the title is the phrase of the
 * status.
 */
const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}
