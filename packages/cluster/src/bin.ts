#!/usr/bin/env node
import { programIn } from './program.js'

await import(programIn(new URL('.', import.meta.url)).href)
