/** Runs steps with the event loop in between, so that packets are forwarded meanwhile. */
export async function betweenPackets<R>(steps: Generator<undefined, R, undefined>): Promise<R> {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    await new Promise((resolve) => setImmediate(resolve))
  }
}
