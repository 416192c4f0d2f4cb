/** A head that is longer is none. */
const HEAD_MAX_BYTES = 16 * 1024
/**
 * A body is read to its end, so that the connection closes in order, unless it is longer than this.
 */
const BODY_MAX_BYTES = 64 * 1024
const BEGIN = 'HTTP/1.'
const STATUS_LINE = /^HTTP\/1\.\d (\d{3})(?:[ \n]|$)/
const CONTENT_LENGTH = /^content-length:[ \t]*(\d{1,15})[ \t]*$/im
const CHUNKED = /^transfer-encoding:.*\bchunked[ \t]*$/im
const CHUNK_SIZE = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i

/**
 * Reads one answer of HTTP/1, as far as a check wants to know it: its status, and when it is whole
 * (RFC 9112 §4, §6.3). Any bytes will do; what is kept is bounded.
 */
export class HttpResponse {
  /**
   * `head`: not all of the head is there. `long`: the body goes on, and is not waited for. `cut`:
   * the connection ended too early.
   */
  state: 'head' | 'body' | 'whole' | 'long' | 'cut' | 'malformed' = 'head'
  /** Valid from `body` on. */
  status = 0
  /** Bytes as characters that have not been read yet. */
  #text = ''
  #bodyBytes = 0
  /** `until-end`: the body ends with the connection. */
  #framing: 'length' | 'chunked' | 'until-end' = 'until-end'
  /** Of the body, or of the chunk, that are still to come. */
  #left = 0

  readonly #isHead: boolean

  /** @param isHead true for a response to HEAD, which has no body (RFC 9112 §6.3) */
  constructor(isHead = false) {
    this.#isHead = isHead
  }

  /** The next bytes of the connection. */
  take(b: Uint8Array, start: number, end: number): void {
    this.#text += Buffer.from(b.buffer, b.byteOffset + start, end - start).toString('latin1')
    while (this.state === 'head' && this.#takeHead());
    if (this.state === 'body') this.#takeBody()
  }

  /** The peer sends no more. */
  end(): void {
    if (this.state === 'body' && this.#framing === 'until-end') this.state = 'whole'
    else if (this.state === 'head' || this.state === 'body') this.state = 'cut'
  }

  /**
   * Returns whether another head may follow: one of a status below 200 comes before the real one.
   */
  #takeHead(): boolean {
    const text = this.#text
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) {
      if (!BEGIN.startsWith(text.slice(0, BEGIN.length)) || text.length > HEAD_MAX_BYTES) this.state = 'malformed'
      return false
    }
    const head = text.slice(0, end).replaceAll('\r\n', '\n')
    this.#text = text.slice(end + 4)
    const status = STATUS_LINE.exec(head)?.[1]
    if (status === undefined || end > HEAD_MAX_BYTES) {
      this.state = 'malformed'
      return false
    }
    this.status = Number(status)
    if (this.status < 200) return true
    this.state = 'body'
    this.#frame(head)
    return false
  }

  #frame(head: string): void {
    const length = CONTENT_LENGTH.exec(head)?.[1]
    if (this.#isHead || this.status === 204 || this.status === 304) this.#framing = 'length'
    else if (CHUNKED.test(head)) this.#framing = 'chunked'
    else if (length !== undefined) {
      this.#framing = 'length'
      this.#left = Number(length)
    }
  }

  #takeBody(): void {
    if (this.#framing === 'chunked') this.#takeChunks()
    else {
      this.#skip()
      if (this.#framing === 'length' && this.#left === 0) this.state = 'whole'
    }
    if (this.state === 'body' && this.#bodyBytes + this.#text.length > BODY_MAX_BYTES) this.state = 'long'
  }

  /** Passes over what is there of the body or the chunk. */
  #skip(): void {
    const isAll = this.#framing === 'until-end' || this.#left > this.#text.length
    const bytes = isAll ? this.#text.length : this.#left
    this.#text = this.#text.slice(bytes)
    this.#bodyBytes += bytes
    this.#left = Math.max(this.#left - bytes, 0)
  }

  /**
   * RFC 9112 §7.1: chunks, each behind its size, then one of size 0, then trailers and an empty
   * line.
   */
  #takeChunks(): void {
    for (;;) {
      this.#skip()
      const lineEnd = this.#text.indexOf('\r\n')
      if (this.#left > 0 || lineEnd < 0) return
      const line = this.#text.slice(0, lineEnd)
      this.#text = this.#text.slice(lineEnd + 2)
      if (this.#isLast) {
        if (line !== '') continue // a trailer
        this.state = 'whole'
        return
      }
      if (line === '' && this.#isBehindChunk) {
        this.#isBehindChunk = false
        continue
      }
      const size = CHUNK_SIZE.exec(line)?.[1]
      if (size === undefined || this.#isBehindChunk) {
        this.state = 'malformed'
        return
      }
      this.#left = Number.parseInt(size, 16)
      this.#isBehindChunk = this.#left > 0
      this.#isLast = this.#left === 0
    }
  }
  /** The line break behind a chunk is still to come. */
  #isBehindChunk = false
  #isLast = false
}
