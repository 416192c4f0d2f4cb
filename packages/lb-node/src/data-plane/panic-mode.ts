/** Backends of a service as panic mode counts them. */
interface CountedBackend {
  readonly spec: { readonly weight: number }
  readonly isDrained: boolean
  readonly isHealthy: boolean
}

export interface PanicSettings {
  /**
   * Least share of healthy backends, per cent, 0 to 100. With a smaller share health is ignored; 0:
   * never. The meaning is that of Envoy's `healthy_panic_threshold`.
   */
  readonly panicThreshold: number
  /** True if health is ignored while the service is down. */
  readonly panicsWhenDown: boolean
}

/**
 * Returns true if a service picks backends without regard to their health, because too few of those
 * that may take flows are healthy: it is better that some flows fail than that the healthy backends
 * fail under the load of all. Backends of weight 0 and drained ones do not count. While the service
 * is down, only `panicsWhenDown` decides.
 * @param isUp true if the service has as many healthy backends as it needs
 */
export function isInPanicMode(
  backends: readonly CountedBackend[],
  isUp: boolean,
  { panicThreshold, panicsWhenDown }: PanicSettings,
): boolean {
  let count = 0
  let healthy = 0
  for (const { spec, isDrained, isHealthy } of backends) {
    if (spec.weight === 0 || isDrained) continue
    count++
    if (isHealthy) healthy++
  }
  if (count === 0) return false // nothing to choose from
  if (!isUp || healthy === 0) return panicsWhenDown
  return healthy * 100 < panicThreshold * count
}
