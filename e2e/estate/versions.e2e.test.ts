import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { locateProgram } from './locate.ts'
import { PROGRAMS, type ProgramName, type ProgramSource } from './programs.ts'
import { runProgram } from './run-program.ts'

const asked = (Object.entries(PROGRAMS) as [ProgramName, ProgramSource][]).flatMap(([name, { version, askVersion }]) =>
  askVersion === undefined ? [] : [{ name, version, askVersion }],
)

test.for(asked)('$name runs, and says that it is $version', async ({ name, version, askVersion }) => {
  const command = await locateProgram(name)
  const { stdout, stderr } = await runProgram({ command, args: askVersion, folder: tmpdir() })
  const [major, minor] = version.split('.')
  expect(`${stdout}${stderr}`).toMatch(new RegExp(`(?<![\\d.])${major}\\.${minor}(?!\\d)`))
})
