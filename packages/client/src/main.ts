#!/usr/bin/env node
import { requireNode } from '@fivetuple/runtime/require-node'

requireNode()
void import('./run.js')
