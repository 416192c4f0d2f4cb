import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type ChainHop, type Endpoint, endpointOf } from './hop.js'

/** Sockets besides connections: listeners, logs, epoll. */
const SPARE_FILES = 100
/** Idle time after which a UDP session ends. */
const UDP_IDLE = '30s'

/**
 * Common part of all configurations: a process in the foreground, one worker, no files outside
 * `-p`.
 */
function nginxMain(files: number): string {
  // Otherwise the worker of an nginx started by root runs as a user that can't read our files.
  const user = process.getuid?.() === 0 ? 'user root;\n' : ''
  return `${user}worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr crit;
worker_rlimit_nofile ${files};
events { worker_connections ${files - SPARE_FILES}; }
`
}

/**
 * Returns the configuration of one nginx process of a chain, with the stream module.
 *
 * @param module the module's file, if it is not part of the program
 * @param files limit of its open files: a connection needs two
 */
export function nginxStreamConfig({ address, entries }: ChainHop, module: string | undefined, files: number): string {
  const servers = entries.map(({ protocol, port, next }) => {
    const here = endpointOf({ address, port })
    return protocol === 'tcp'
      ? `  server { listen ${here} backlog=4096; proxy_pass ${endpointOf(next)}; }`
      : `  server { listen ${here} udp; proxy_pass ${endpointOf(next)}; proxy_timeout ${UDP_IDLE}; }`
  })
  return `${module === undefined ? '' : `load_module ${module};\n`}${nginxMain(files)}stream {
  proxy_connect_timeout 5s;
  proxy_timeout 5m;
${servers.join('\n')}
}
`
}

/**
 * Returns the configuration of an nginx that serves small requests at once, and files.
 *
 * @param root a directory with `bytes/<n>`, files of n bytes each
 */
export function nginxBackendConfig(at: Endpoint, root: string, files: number): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `  ${kind}_temp_path temp;`)
  return `${nginxMain(files)}http {
  access_log off;
  sendfile on;
  keepalive_timeout 5m;
  keepalive_requests 1000000000;
${paths.join('\n')}
  default_type application/octet-stream;
  server {
    listen ${endpointOf(at)} backlog=4096;
    location = / { return 200 "a small response\\n"; }
    location /bytes/ { root ${root}; open_file_cache max=10; }
  }
}
`
}

/**
 * Returns whether an nginx can proxy TCP and UDP, and the file of the module.
 *
 * @param build output of `nginx -V`
 * @returns undefined if it can't; `module` is undefined if the program contains it
 */
export function streamModule(build: string): { readonly module: string | undefined } | undefined {
  if (/ --with-stream(\s|$)/.test(build)) return { module: undefined }
  const directory = /--modules-path=(\S+)/.exec(build)?.[1]
  if (directory === undefined || !build.includes('--with-stream=dynamic')) return undefined
  const module = join(directory, 'ngx_stream_module.so')
  return existsSync(module) ? { module } : undefined
}
