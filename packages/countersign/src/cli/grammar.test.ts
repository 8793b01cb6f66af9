import { describe, expect, test } from 'vitest'
import { runCli } from './run-cli.fixtures.ts'

const COMMANDS = [
  [],
  ['verify'],
  ['check'],
  ['replay'],
  ['explain'],
  ['change'],
  ['change', 'list'],
  ['change', 'show'],
  ['evidence'],
  ['evidence', 'list'],
  ['evidence', 'show'],
  ['evidence', 'verify'],
  ['evidence', 'prune'],
  ['evidence', 'hold'],
  ['evidence', 'release'],
  ['source'],
  ['source', 'heartbeat'],
  ['source', 'backfill'],
  ['source', 'gaps'],
  ['sync'],
  ['log'],
  ['log', 'trust-sender'],
  ['log', 'retire-sender'],
  ['log', 'senders'],
  ['log', 'fsck'],
  ['log', 'checkpoint'],
  ['log', 'key'],
  ['log', 'import'],
  ['migrate'],
  ['backup'],
  ['restore'],
  ['packet'],
  ['packet', 'export'],
  ['packet', 'verify'],
  ['init'],
  ['demo'],
  ['doctor'],
  ['completion'],
]

describe('every command', () => {
  test.for(COMMANDS.map((command) => ({ name: command.join(' ') || 'countersign itself', command })))(
    '$name explains itself on standard output and refuses nonsense with 2',
    async ({ command }) => {
      const help = await runCli([...command, '--help'])
      expect([help.code, help.err]).toEqual([0, ''])
      expect(help.out).toMatch(/^Usage: countersign/)
      const nonsense = await runCli([...command, '--nonsense'])
      expect([nonsense.code, nonsense.out]).toEqual([2, ''])
      expect(nonsense.err).not.toMatch(/\n {4}at /)
    },
  )

  test('a misspelt command gets a suggestion', async () => {
    const { code, err } = await runCli(['verfy'])
    expect(code).toBe(2)
    expect(err).toContain('verify')
  })

  test('a closed pipe ends quietly', async () => {
    const { code, err } = await runCli(['completion', 'bash'], { closeAfter: 1 })
    expect([0, 141]).toContain(code)
    expect(err).toBe('')
  })

  test.for(['bash', 'zsh', 'fish'])('completion for %s names the commands', async (shell) => {
    const { code, out } = await runCli(['completion', shell])
    expect(code).toBe(0)
    for (const word of ['verify', 'fsck', 'checkpoint', 'sync', 'heartbeat', 'trust-sender'])
      expect(out).toContain(word)
  })

  test('a shell without completion is refused', async () => {
    const { code, err } = await runCli(['completion', 'tcsh'])
    expect([code, err.split('\n')[0]]).toEqual([
      2,
      'error[usage]: there is no completion for "tcsh": bash, zsh and fish have one',
    ])
  })
})
