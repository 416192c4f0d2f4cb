/** What one backend process is told. */
export interface BackendConfig {
  readonly name: string
  readonly address: string
  readonly port: number
  readonly logLevel: string
}
