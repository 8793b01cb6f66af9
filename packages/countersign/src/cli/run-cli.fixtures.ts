import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** How one run of the command line ended. */
export interface CliRun {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** What the machine of a developer may name must not be used here. */
const NOWHERE_ELSE = { COUNTERSIGN_DATA: '', COUNTERSIGN_STORE: '', COUNTERSIGN_OBJECTS: '' }

const BIN = fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))

/** Runs the command line as a user does, in a process of its own; `closeAfter` closes the pipe after so many bytes. */
export function runCli(
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly closeAfter?: number } = {},
): Promise<CliRun> {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...process.env, ...NOWHERE_ELSE, GITHUB_STEP_SUMMARY: '', NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (options.closeAfter !== undefined && out.length >= options.closeAfter) child.stdout.destroy()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
  })
}
