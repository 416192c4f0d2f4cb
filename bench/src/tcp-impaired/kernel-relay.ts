import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { read, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Fault, LinkFaults } from '@fivetuple/faults'
import type { ImpairedPath } from './cases.js'
import { SINK, SOURCE } from './kernel-programs.js'

/** Work of a relay, the JSON of its first argument. */
export interface RelayTask {
  readonly path: ImpairedPath
  readonly congestionControl: string
  readonly seed: number
  readonly seconds: number
  readonly mtu: number
}

/** Result of a relay, the JSON that it prints. */
export interface RelayResult {
  /** Bytes that the sink has read. */
  readonly bytes: number
  /** Mean time by which packets were delivered too late, ms: the machine was busy. */
  readonly lateMs: number
}

const lateness = { sumMs: 0, packets: 0 }

const SOURCE_ADDRESS = '10.9.0.1'
const SINK_ADDRESS = '10.9.0.2'
const PORT = 5_001
/** So close to the next delivery the relay spins instead of arming a timer, whose step is 1 ms. */
const SPIN_MS = 1.5
const PACKET_MAX_BYTES = 65_536

/**
 * Runs in a network namespace of its own, with two TUN devices as files: packets of one leave by
 * the other, through the faults. One device is in the namespace of the sink, so the kernel's TCP is
 * at both ends.
 */
async function relay(task: RelayTask, sourceFile: number, sinkFile: number): Promise<void> {
  const holder = spawn('unshare', ['-n', 'sh', '-c', 'echo ready; exec sleep 3600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  const inSink = ['nsenter', '-t', `${holder.pid}`, '-n']
  try {
    run(['ip', 'link', 'set', 'tunB', 'netns', `${holder.pid}`])
    bringUp([], 'tunA', SOURCE_ADDRESS, task.mtu)
    bringUp(inSink, 'tunB', SINK_ADDRESS, task.mtu)
    connectFiles(sourceFile, sinkFile, task.path.data, task.seed)
    connectFiles(sinkFile, sourceFile, task.path.acks, task.seed + 1_000_000)
    const [command, ...args] = [...inSink, 'python3', '-c', SINK, SINK_ADDRESS, `${PORT}`, `${task.seconds}`]
    const sink = spawn(command!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    sink.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    while (!output.includes('listening')) await sleep(5)
    const source = spawn('python3', ['-c', SOURCE, SINK_ADDRESS, `${PORT}`, task.congestionControl], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    await once(sink, 'exit')
    source.kill('SIGKILL')
    const result: RelayResult = { bytes: Number(output.split('\n')[1]), lateMs: lateness.sumMs / lateness.packets }
    process.stdout.write(`${JSON.stringify(result)}\n`)
  } finally {
    holder.kill('SIGKILL')
  }
}

function run([command, ...args]: readonly string[]): void {
  execFileSync(command!, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

function bringUp(prefix: readonly string[], device: string, address: string, mtu: number): void {
  run([...prefix, 'ip', 'addr', 'add', `${address}/24`, 'dev', device])
  run([...prefix, 'ip', 'link', 'set', device, 'up', 'mtu', `${mtu}`, 'txqueuelen', '10000'])
}

function connectFiles(from: number, to: number, faults: readonly Fault[], seed: number): void {
  const link = new LinkFaults<Uint8Array>()
  faults.forEach((fault, i) => {
    link.add(`${i}`, fault, seed + 1_000 * i, performance.now())
  })
  let isArmed = false
  const deliver = (): void => {
    isArmed = false
    const now = performance.now()
    for (let due = link.next(now); due !== undefined; due = link.next(now)) {
      writeSync(to, due.item)
      lateness.sumMs += now - due.at
      lateness.packets++
    }
    arm()
  }
  const arm = (): void => {
    const waitMs = link.deadline() - performance.now()
    if (isArmed || waitMs === Number.POSITIVE_INFINITY) return
    isArmed = true
    if (waitMs < SPIN_MS) setImmediate(deliver)
    else setTimeout(deliver, waitMs - 1)
  }
  const next = (): void => {
    const packet = new Uint8Array(PACKET_MAX_BYTES)
    read(from, packet, 0, packet.length, null, (error, length) => {
      if (error !== null) return
      link.impair(packet.slice(0, length), length, performance.now())
      arm()
      next()
    })
  }
  next()
}

const [task, sourceFile, sinkFile] = process.argv.slice(2)
// Reads of the devices never end, so the process does not end by itself.
relay(JSON.parse(task!) as RelayTask, Number(sourceFile), Number(sinkFile)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error}\n`)
    process.exit(1)
  },
)
