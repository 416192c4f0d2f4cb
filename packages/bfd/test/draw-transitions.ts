// Draws the states from the table that the code consults: `node packages/bfd/dist-test/draw-transitions.js` rewrites the
// drawing in the README, and a test fails when it has become outdated.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BFD_EVENTS, BFD_STATES, BFD_TRANSITIONS, type BfdEvent } from '@fivetuple/bfd'

export const README = new URL('../README.md', import.meta.url)
const BEGIN = '<!-- transitions: drawn by test/draw-transitions.ts -->\n'
const END = '<!-- end of transitions -->\n'

/** Arrows that lead to another state, with the diagnostic code that they set. */
export function drawTransitions(): string {
  const lines: string[] = []
  for (const from of BFD_STATES)
    for (const event of Object.keys(BFD_EVENTS) as BfdEvent[]) {
      const { to, diagnostic } = BFD_TRANSITIONS[from][event]
      if (to !== from)
        lines.push(`  ${id(from)} --> ${id(to)}: ${event}${diagnostic === undefined ? '' : ` / ${diagnostic}`}`)
    }
  return `\`\`\`mermaid\nstateDiagram-v2\n  [*] --> down\n${lines.join('\n')}\n\`\`\`\n`
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
