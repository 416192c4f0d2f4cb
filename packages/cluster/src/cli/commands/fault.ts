import { Argument, Command, InvalidArgumentError } from 'commander'
import { duration, examples, json, target } from './options.js'

const ROLE = ['<role>', "a switch's, an LB's or a backend's name"] as const

/** Commands that inject faults, and clear them. */
export function faultCommands(): Command[] {
  return [
    withOutput(new Command('kill'))
      .description('end a role with SIGKILL; it is started again after its back-off')
      .argument(...ROLE)
      .option('--keep-stopped', "keep it stopped until 'fivetuple start'")
      .addHelpText('after', examples('kill lb-2', 'kill backend-1 --keep-stopped'))
      .action(async (role, options) => (await import('../fault.js')).kill(role, options)),
    roleCommand('pause', 'stop a role with SIGSTOP: it is unreachable, but its connections stay'),
    roleCommand('resume', 'resume a paused role (SIGCONT)'),
    roleCommand('restart', 'stop a role in order, routes first, and start it again; done when its routes are back'),
    roleCommand('start', 'start a role that is down; done when its routes are there'),
    linkCommand(),
    rollingRestart(new Command('rolling-restart')).addHelpText(
      'after',
      examples('rolling-restart', 'rolling-restart --drain 30s'),
    ),
    faultsCommand(),
  ]
}

/** Adds what is done to LBs as a whole to `fivetuple lb`. */
export function addLbFaults(lb: Command): Command {
  rollingRestart(lb.command('rolling-restart')).addHelpText('after', examples('lb rolling-restart'))
  return lb
}

/** Adds backend faults to `fivetuple backend`. */
export function addBackendFaults(backend: Command): Command {
  const add = (name: string, description: string, value?: Argument): Command => {
    const command = withOutput(backend.command(name)).description(description).argument('<backend>', 'one of ours')
    if (value !== undefined) command.addArgument(value)
    return command
  }
  add('slow', 'delay each of its responses', new Argument('<delay>', 'for how long').argParser(duration))
    .addHelpText('after', examples('backend slow backend-2 300ms'))
    .action(async (name, delayMs, options) => (await import('../fault.js')).setBehavior(name, { delayMs }, options))
  add('fail', 'respond with 503 to some of its requests', new Argument('<ratio>', 'which share').argParser(share))
    .addHelpText('after', examples('backend fail backend-2 0.3', 'backend fail backend-2 30%'))
    .action(async (name, failRatio, options) => (await import('../fault.js')).setBehavior(name, { failRatio }, options))
  for (const [name, description] of [
    ['stall', 'accept requests and never respond'],
    ['refuse', 'refuse new connections'],
  ] as const)
    add(name, description)
      .addHelpText('after', examples(`backend ${name} backend-2`))
      .action(async (backend, options) => (await import('../fault.js')).setBehavior(backend, { [name]: true }, options))
  add('restore', 'restore its normal behavior')
    .addHelpText('after', examples('backend restore backend-2'))
    .action(async (name, options) => (await import('../fault.js')).restore(name, options))
  return backend
}

function roleCommand(action: 'pause' | 'resume' | 'restart' | 'start', description: string): Command {
  return withOutput(new Command(action))
    .description(description)
    .argument(...ROLE)
    .addHelpText('after', examples(`${action} lb-2`))
    .action(async (role, options) => (await import('../fault.js')).actOnRole(action, role, options))
}

function linkCommand(): Command {
  const link = new Command('link').description('links between LBs and switches')
  for (const [name, description] of [
    ['down', "take the carrier from an LB's link; its redials are refused"],
    ['up', "bring links of an LB up; done when the LB's routes are back"],
  ] as const)
    withOutput(link.command(name))
      .description(description)
      .argument('<lb>', "an LB's name")
      .addArgument(new Argument('[side]', 'which link').choices(['uplink', 'downlink', 'both']).default('both'))
      .addHelpText('after', examples(`link ${name} lb-2`, `link ${name} lb-2 downlink`))
      .action(async (lb, side, options) => (await import('../fault.js')).setLinks(name === 'down', lb, side, options))
  return link
}

function rollingRestart(command: Command): Command {
  return withOutput(command)
    .description('restart all LBs, one after the other, each when the one before carries traffic again')
    .addArgument(new Argument('[what]', 'what to restart').choices(['lbs']).default('lbs'))
    .option('--drain <duration>', 'first drain each of them for at most so long', duration, 0)
    .action(async (_what, options) => (await import('../fault.js')).rollingRestart(options))
}

function faultsCommand(): Command {
  const faults = new Command('faults').description('injected faults')
  withOutput(faults.command('list'))
    .description('list paused and stopped roles, links that are down, and backends that misbehave')
    .addHelpText('after', examples('faults list'))
    .action(async (options) => (await import('../fault.js')).listFaults(options))
  withOutput(faults.command('clear'))
    .description('clear all of them; done when routes are back')
    .addHelpText('after', examples('faults clear'))
    .action(async (options) => (await import('../fault.js')).clearFaults(options))
  return faults
}

function withOutput(command: Command): Command {
  return command.addOption(target()).addOption(json())
}

function share(text: string): number {
  const value = /^\d+(\.\d+)?%$/.test(text)
    ? Number(text.slice(0, -1)) / 100
    : /^\d+(\.\d+)?$/.test(text)
      ? Number(text)
      : 2
  if (value > 1) throw new InvalidArgumentError('a number from 0 to 1, or a percentage, is needed')
  return value
}
