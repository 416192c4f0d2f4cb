/** The backend server: what its process is told, and the server by itself. */
export { type BackendConfig, parseBackendConfig } from './config.js'
export { createBackend } from './create-backend.js'
