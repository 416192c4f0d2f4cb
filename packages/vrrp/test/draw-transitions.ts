// Draws the states from the table that the code consults:
// `node packages/vrrp/dist-test/draw-transitions.js` rewrites the drawing in the README, and a test
// fails when it has become outdated.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { VRRP_EVENTS, VRRP_STATES, VRRP_TRANSITIONS, type VrrpEvent } from '@fivetuple/vrrp'

export const README = new URL('../README.md', import.meta.url)
const BEGIN = '<!-- transitions: drawn by test/draw-transitions.ts -->\n'
const END = '<!-- end of transitions -->\n'

/** The drawing: arrows that lead to another state or have something done. */
export function drawTransitions(): string {
  const lines: string[] = []
  for (const from of VRRP_STATES)
    for (const event of Object.keys(VRRP_EVENTS) as VrrpEvent[]) {
      const { to, actions } = VRRP_TRANSITIONS[from][event]
      if (to !== from || actions.length > 0)
        lines.push(`  ${from} --> ${to}: ${event}${actions.length > 0 ? ` / ${actions.join(', ')}` : ''}`)
    }
  return `\`\`\`mermaid\nstateDiagram-v2\n  [*] --> initialize\n${lines.join('\n')}\n\`\`\`\n`
}

/** The README with an up-to-date drawing. */
export function withDrawing(readme: string): string {
  const start = readme.indexOf(BEGIN) + BEGIN.length
  return `${readme.slice(0, start)}\n${drawTransitions()}\n${readme.slice(readme.indexOf(END))}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(README, withDrawing(readFileSync(README, 'utf8')))
