import { PROBLEMS, problemCodeOf } from '../workflows/problem.ts'
import { readArguments } from './program.ts'
import type { CliRun } from './run-cli.fixtures.ts'
import type { Terminal } from './terminal.ts'

const GLYPHS: Terminal['glyphs'] = {
  ...{ pass: '+', fail: 'x', warn: '!', not_applicable: '-' },
  ...{ pending: '.', indeterminate: '?', waived: '~', break_glass: '#' },
}

/** Runs the command line in this process: much faster than `runCli`, and for what has nothing to do with processes. */
export async function runHere(args: readonly string[]): Promise<CliRun> {
  let [out, err] = ['', '']
  const terminal: Terminal = {
    data: async (text) => {
      out += text
    },
    talk: (text) => {
      err += text
    },
    redraws: false,
    paint: (_style, text) => text,
    glyphs: GLYPHS,
  }
  try {
    return { code: await readArguments(args, terminal), out, err }
  } catch (error) {
    const code = problemCodeOf(error)
    if (code === null) throw error
    return {
      code: PROBLEMS[code].exit,
      out,
      err: `${err}error[${code}]: ${error instanceof Error ? error.message : ''}\n`,
    }
  }
}
