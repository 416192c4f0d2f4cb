import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type ChainHop, type Endpoint, endpointOf } from './hop.js'

/** Sockets besides connections: listeners, logs, epoll. */
const SPARE_FILES = 100
/** A session of UDP ends after this silence. */
const UDP_IDLE = '30s'

/**
 * What all of ours have in common: a process of their own in the foreground, one worker, nothing on
 * disk but in `-p`.
 */
function nginxMain(files: number): string {
  // Else the worker of an nginx that root has started is somebody who can't read our files.
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
 * Configuration of one nginx process of a chain, with the stream module.
 *
 * @param module the module's file, where it is not part of the program
 * @param files how many it may have open: a connection takes two
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
 * Configuration of an nginx that answers small requests at once and serves files.
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
    location = / { return 200 "a small answer\\n"; }
    location /bytes/ { root ${root}; open_file_cache max=10; }
  }
}
`
}

/**
 * Whether an nginx can proxy TCP and UDP, and with which module's file.
 *
 * @param build what `nginx -V` says
 * @returns undefined when it can't; `module` is undefined when the program itself has it
 */
export function streamModule(build: string): { readonly module: string | undefined } | undefined {
  if (/ --with-stream(\s|$)/.test(build)) return { module: undefined }
  const directory = /--modules-path=(\S+)/.exec(build)?.[1]
  if (directory === undefined || !build.includes('--with-stream=dynamic')) return undefined
  const module = join(directory, 'ngx_stream_module.so')
  return existsSync(module) ? { module } : undefined
}
