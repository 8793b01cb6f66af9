#!/usr/bin/env node
// Starts the packet verifier: from TypeScript sources in a checkout, from JavaScript when published. No compile cache: an
// auditor's answer must not depend on what lies in some folder.
import { existsSync } from 'node:fs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const sources = new URL('../src/cli/main.ts', import.meta.url)
const entry = existsSync(sources) ? sources : new URL('../src/cli/main.js', import.meta.url)
const needed = entry === sources ? [22, 18] : [22, 12]
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  process.stderr.write(
    `error[node_too_old]: Node ${process.versions.node} runs this; ${needed.join('.')} or newer is needed\n`,
  )
  process.stderr.write('  remedy: in a checkout, npm run and npx bring their own Node; elsewhere install a newer one\n')
  process.exit(2)
}
const { main } = await import(entry.href)
await main(process.argv.slice(2))
