#!/usr/bin/env node
// Plain JavaScript, so that a Node.js that cannot run TypeScript says so.
import './node-version.js'

await import('./cli.ts')
