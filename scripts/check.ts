/**
 * `npm run check`: everything that must hold before a change is proposed. Format, types and dead code run side by side,
 * then the tests, which use every core themselves. All of them run even when one fails, and the last line says which did.
 *
 * With `--no-tests` the tests are left out, for a run that has had them already.
 */
import { spawn } from 'node:child_process'
import { PROJECT_ROOT } from './project-files.ts'

interface Step {
  readonly name: string
  readonly command: readonly [program: string, ...args: string[]]
}

const QUICK: readonly Step[] = [
  { name: 'format', command: ['biome', 'check', '.'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'deadcode', command: ['knip'] },
]
const TESTS: Step = { name: 'tests', command: ['vitest', 'run'] }

/** Runs one step to its end; returns whether it passed. Output of a step that runs beside others is kept until it ends. */
function run({ name, command }: Step, isAlone: boolean): Promise<boolean> {
  const [program, ...args] = command
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: PROJECT_ROOT, stdio: isAlone ? 'inherit' : ['ignore', 'pipe', 'pipe'] })
    const said: Buffer[] = []
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => said.push(chunk))
    const finish = (isPassed: boolean, reason: string): void => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      if (!isPassed) process.stdout.write(Buffer.concat(said))
      console.log(`${isPassed ? '✔ pass' : '✗ fail'}  ${name}  ${seconds} s${reason}`)
      resolve(isPassed)
    }
    child.once('error', (error) => finish(false, `  ${error.message}`))
    child.once('close', (code) => finish(code === 0, ''))
  })
}

const quick = await Promise.all(QUICK.map((step) => run(step, false)))
const failed = QUICK.filter((_, index) => !quick[index]).map(({ name }) => name)
if (!process.argv.includes('--no-tests') && !(await run(TESTS, true))) failed.push(TESTS.name)
console.log(failed.length === 0 ? 'check passed' : `check failed: ${failed.join(', ')}`)
if (failed.length > 0) process.exitCode = 1
