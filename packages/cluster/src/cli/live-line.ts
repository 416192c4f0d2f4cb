/** Interval between two lines. */
const STEP_MS = 500
const CLEAR = '\r\u001b[K'

/** A line at the end of a terminal that is written again while a command runs. */
export class LiveLine {
  readonly #stream: NodeJS.WriteStream
  readonly #timer: NodeJS.Timeout

  private constructor(stream: NodeJS.WriteStream, text: (isColored: boolean) => string) {
    const isColored = process.env.NO_COLOR === undefined || process.env.NO_COLOR === ''
    this.#stream = stream
    this.#timer = setInterval(() => stream.write(CLEAR + text(isColored)), STEP_MS)
  }

  /**
   * Begins a line; undefined if the stream is no terminal, or one that can't move its cursor.
   * @param text at most 80 columns; without colours if NO_COLOR is set (no-color.org)
   */
  static on(stream: NodeJS.WriteStream, text: (isColored: boolean) => string): LiveLine | undefined {
    return stream.isTTY && process.env.TERM !== 'dumb' ? new LiveLine(stream, text) : undefined
  }

  /** Removes the line. */
  clear(): void {
    clearInterval(this.#timer)
    this.#stream.write(CLEAR)
  }
}
