import type { Route } from '../route.js'
import { drainRoutes } from './drains.js'
import { faultRoutes } from './faults.js'
import { openApiRoute } from './openapi.js'
import { statusRoutes } from './status.js'
import { vipRoutes } from './vips.js'

/** Every operation of the API. */
export const ROUTES: readonly Route[] = [
  ...statusRoutes,
  ...vipRoutes,
  ...drainRoutes,
  ...faultRoutes,
  openApiRoute(() => ROUTES),
]
