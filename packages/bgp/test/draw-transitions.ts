// Draws the session's states from the table that the code consults:
// `node packages/bgp/dist-test/draw-transitions.js` rewrites the drawing in the README, and a test
// fails when it has become outdated.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SESSION_EVENTS, SESSION_STATES, type SessionEvent, TRANSITIONS } from '@fivetuple/bgp'

export const README = new URL('../README.md', import.meta.url)
const BEGIN = '<!-- transitions: drawn by test/draw-transitions.ts -->\n'
const END = '<!-- end of transitions -->\n'

/**
 * The drawing: arrows that lead to another state, and those to idle only where they are not the
 * rule.
 */
export function drawTransitions(): string {
  const lines: string[] = []
  for (const from of SESSION_STATES) {
    const byTarget = new Map<string, SessionEvent[]>()
    for (const event of Object.keys(SESSION_EVENTS) as SessionEvent[]) {
      const to = TRANSITIONS[from][event]
      if (to !== from) byTarget.set(to, [...(byTarget.get(to) ?? []), event])
    }
    for (const [to, events] of byTarget)
      lines.push(`  ${id(from)} --> ${id(to)}: ${to === 'idle' ? 'any other event' : events.join(', ')}`)
  }
  return `\`\`\`mermaid\nstateDiagram-v2\n  [*] --> idle\n${lines.join('\n')}\n\`\`\`\n`
}

/** The README with an up-to-date drawing. */
export function withDrawing(readme: string): string {
  const start = readme.indexOf(BEGIN) + BEGIN.length
  return `${readme.slice(0, start)}\n${drawTransitions()}\n${readme.slice(readme.indexOf(END))}`
}

function id(state: string): string {
  return state.replaceAll('-', '_')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(README, withDrawing(readFileSync(README, 'utf8')))
