#!/usr/bin/env node
import { requireNode } from '@fivetuple/runtime/require-node'

requireNode()
void import('./program.js').then(({ programIn }) => import(programIn(new URL('.', import.meta.url)).href))
