import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { until } from './test-cluster.js'

const PAGE = new URL('../../../../docs/your-own-daemon.md', import.meta.url)
/** Debian keeps routing daemons in folders that an ordinary user's PATH lacks. */
const ENV = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/lib/frr` }

/** The files and commands of a page of the documentation, by the name behind the language of a code block. */
export class DocumentedFiles {
  readonly #blocks: ReadonlyMap<string, string>

  /** @param replaced text of the page and what stands in its place here */
  constructor(replaced: readonly (readonly [string, string])[]) {
    const page = replaced.reduce((text, [from, to]) => text.replaceAll(from, to), readFileSync(PAGE, 'utf8'))
    this.#blocks = new Map([...page.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, name, text]) => [name!, text!]))
  }

  get names(): string[] {
    return [...this.#blocks.keys()]
  }

  get(name: string): string {
    const text = this.#blocks.get(name)
    if (text === undefined) throw new Error(`${PAGE.pathname} has no block named ${name}`)
    return text
  }
}

/** True if a program can be run here. */
export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`], { env: ENV }).status === 0
}

/** A routing daemon that is run by the command of the documentation, in a folder with all files of the documentation. */
export class DocumentedDaemon {
  readonly #name: string
  readonly #files: DocumentedFiles
  readonly #folder: string
  readonly #process: ChildProcess
  #output = ''

  private constructor(name: string, files: DocumentedFiles, folder: string) {
    this.#name = name
    this.#files = files
    this.#folder = folder
    // A process group of its own: some daemons are several processes.
    this.#process = spawn('sh', ['-c', files.get(`run-${name}`)], { cwd: folder, env: ENV, detached: true })
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.on('data', (text) => {
        this.#output = `${this.#output}${text}`.slice(-4_000)
      })
  }

  /** Starts a daemon, which ends with the test. */
  static start(t: Test, name: string, files: DocumentedFiles, folder: string): DocumentedDaemon {
    const daemon = new DocumentedDaemon(name, files, folder)
    const kill = (): void => daemon.#kill()
    process.once('exit', kill)
    t.teardown(async () => {
      process.off('exit', kill)
      const exited = once(daemon.#process, 'exit')
      const isRunning = daemon.#process.exitCode === null && daemon.#process.signalCode === null
      kill()
      if (isRunning) await exited
      if (!t.passing()) t.comment(`${name}: ${daemon.#output}`)
    })
    return daemon
  }

  /** Runs a command of the documentation, or one of the test's, until it succeeds and its output is as wanted. */
  async run(command: string, isWanted: (output: string) => boolean = () => true): Promise<void> {
    let output = ''
    const runOnce = () =>
      new Promise<boolean>((resolve) => {
        const text = this.#files.names.includes(command) ? this.#files.get(command) : command
        execFile('sh', ['-c', text], { cwd: this.#folder, env: ENV }, (error, stdout, stderr) => {
          output = `${stdout}${stderr}`
          resolve(error === null && isWanted(stdout))
        })
      })
    await until(runOnce, `${this.#name}: ${command}`).catch((error: Error) => {
      throw new Error(`${error.message}: ${output} ${this.#output}`)
    })
  }

  /** Sends a signal to all its processes. */
  signal(signal: NodeJS.Signals): void {
    process.kill(-this.#process.pid!, signal)
  }

  #kill(): void {
    try {
      this.signal('SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
}

/** A folder with every file of the documentation; it goes with the test. */
export function documentedFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'fivetuple-daemons-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes the files of the documentation, all blocks whose name has a dot, into a folder. */
export function writeDocumentedFiles(files: DocumentedFiles, folder: string): void {
  for (const name of files.names) if (name.includes('.')) writeFileSync(join(folder, name), files.get(name))
}
