import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { devNull, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { ChangeDecision } from '@countersign/verify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliRun, runCli } from './run-cli.fixtures.ts'

// The whole demo as a user runs it. Needs git, ssh-keygen and gpg; without one the first run fails and names it.
let temporary: string
let home: string
let run: CliRun
let decisions: readonly ChangeDecision[]

beforeAll(async () => {
  temporary = mkdtempSync(join(tmpdir(), 'csn-'))
  run = await runCli(['demo'], { env: { TMPDIR: temporary } })
  expect(run.err).toBe('')
  home = /^DEMO=(.*)$/m.exec(run.out)?.[1] ?? ''
  decisions = await recorded()
})
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

async function recorded(): Promise<readonly ChangeDecision[]> {
  const data = ['--data', join(home, 'data')]
  const { out } = await runCli(['evidence', 'list', ...data, '-o', 'jsonl'])
  const found: ChangeDecision[] = []
  for (const line of out.trim().split('\n')) {
    const { out: text } = await runCli(['evidence', 'show', String(JSON.parse(line).index), ...data])
    found.push(JSON.parse(text).predicate)
  }
  return found
}

/** The folders that demos have left; node keeps compiled code beside them, which is none of ours. */
function demosIn(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.startsWith('countersign-demo-'))
}

/** git itself, with the demo's public keys and none of its private ones. */
function git(args: readonly string[], input = ''): string {
  const environment = {
    PATH: process.env['PATH'],
    HOME: home,
    GNUPGHOME: join(home, 'gnupg'),
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_NOSYSTEM: '1',
    LC_ALL: 'C',
  }
  const trusting = ['-c', `gpg.ssh.allowedSignersFile=${join(home, 'keys', 'allowed_signers')}`]
  return execFileSync('git', ['-C', join(home, 'estate'), ...trusting, ...args], {
    env: environment,
    input,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  }).trim()
}

function ownLetters(commits: readonly string[]): ReadonlyMap<string, string> {
  const said = git(['log', '--no-walk=unsorted', '--format=%H %G?', '--stdin'], `${commits.join('\n')}\n`)
  return new Map(said.split('\n').map((line) => line.split(' ') as [string, string]))
}

const UNSEEN = 'separation-of-duties indeterminate second_person_not_visible'

describe('the story', () => {
  test('comes out as it must: kind, verdict, every reason, and the letters that git gives, change by change', () => {
    const letters = ownLetters([
      ...new Set(
        decisions.flatMap(({ signatures }) =>
          signatures.filter(({ type }) => type === 'commit').map(({ object }) => object),
        ),
      ),
    ])
    const told = decisions.map(({ change, verdict, rules, signatures }) => [
      change.ref.replace(/^refs\/(heads|tags)\//, ''),
      change.kind,
      verdict,
      rules
        .filter((rule) => rule.verdict !== 'pass' && rule.verdict !== 'not_applicable')
        .map((rule) => `${rule.rule} ${rule.verdict} ${rule.explanation.reason}`),
      signatures.map(({ object, type, git: ours }) => `${type === 'tag' ? '' : letters.get(object)}${ours}`).join(' '),
    ])
    expect(told).toEqual([
      // Before there is a policy there are no keys to check with, so only git, which has them, says G.
      ['main', 'initial', 'not_applicable', [], 'GN'],
      ['main', 'merge', 'pass', [], 'GG GG'],
      ['main', 'merge', 'pass', [], 'GG GG'],
      [
        'main',
        'direct',
        'fail',
        ['commits-signed fail unsigned', 'ticket-referenced warn ticket_missing', UNSEEN],
        'NN',
      ],
      ['main', 'merge', 'fail', ['commits-signed fail key_no_longer_valid', UNSEEN], 'GG GG'],
      ['main', 'merge', 'fail', ['separation-of-duties fail self_merge'], 'GG GG'],
      ['main', 'merge', 'indeterminate', [UNSEEN], 'GG GG'],
      ['main', 'merge', 'fail', ['signer-is-committer fail committer_is_not_signer'], 'GG GG'],
      ['release/1.0', 'initial', 'not_applicable', [], 'GN'],
      ['release/1.0', 'merge', 'pass', [], 'GG GG'],
      ['release/1.0', 'merge', 'pass', [], 'GG GG'],
      ['v1.0.0', 'tag-created', 'pass', [], 'G'],
      ['v1.0.1', 'tag-created', 'fail', ['tags-signed fail lightweight_tag'], ''],
      ['release/1.0', 'history-rewritten', 'fail', ['history-kept fail history_rewritten'], ''],
      ['release/1.0', 'merge', 'pass', [], 'GG GG'],
      ['v1.0.0', 'tag-moved', 'fail', ['tags-immutable fail tag_moved'], 'G'],
    ])
  })

  test('has the same letter beside git for every commit that a ref reaches, with the same keys', async () => {
    const keys = [
      '--allowed-signers',
      join(home, 'keys', 'allowed_signers'),
      '--keyring',
      join(home, 'keys', 'keyring.asc'),
    ]
    const { out } = await runCli(['verify', '--repo', join(home, 'estate'), '--all', ...keys, '-o', 'jsonl'])
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const commits = lines.filter(({ type }) => type === 'commit')
    const ours = new Map(commits.map(({ object, signature }) => [object, signature.git]))
    expect(ours.size).toBe(16)
    expect(ours).toEqual(ownLetters([...ours.keys()]))
    const schemes = commits.map(({ signature }) => signature.scheme)
    expect(['ssh', 'openpgp', null].every((scheme) => schemes.includes(scheme))).toBe(true)
    // git checks tags by another command; both of ours are good to it as well.
    const tags = lines.filter(({ type }) => type === 'tag')
    expect(tags.map(({ signature }) => signature.git)).toEqual(['G'])
    for (const { object } of tags) git(['verify-tag', object])
  })

  test('is a sound repository whose commits lie in the past, newest last', () => {
    git(['fsck', '--strict', '--no-dangling'])
    const times = git(['log', '--first-parent', '--reverse', '--format=%ct', 'main']).split('\n').map(Number)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times.at(-1)).toBeLessThan(Date.now() / 1000)
  })
})

describe('what the demo prints and leaves', () => {
  test('ends with 0, within 100 columns, and names every step', () => {
    expect(run.code).toBe(0)
    expect(run.out.split('\n').filter((line) => line.length > 100)).toEqual([])
    expect(run.out.match(/^\d\. /gm)).toEqual(['1. ', '2. ', '3. ', '4. ', '5. '])
    expect(run.out).toContain('are the same. A good signature')
    expect(run.out).toContain('16 of 16 the same, word for word')
    expect(run.out).toContain('16 decisions: in the log, signed, and as recorded')
    expect(run.out).toContain('entries/3.json is not what was signed')
  })

  test('shows the verifier key and the checkpoint that the commands show', async () => {
    const data = ['--data', join(home, 'data')]
    const { out: key } = await runCli(['log', 'key', ...data])
    expect(run.out).toContain(`\n${key.split('\n')[0]}\n`)
    const { out: note } = await runCli(['log', 'checkpoint', ...data])
    expect(run.out).toContain(note.split('\n').slice(0, 3).join('\n'))
    expect((await runCli(['log', 'fsck', ...data])).code).toBe(0)
  })

  test('the altered packet differs from the sound one in one bit of one file', () => {
    const files = (folder: string) =>
      readdirSync(join(home, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(join(home, folder).length))
    expect(files('packet-altered').sort()).toEqual(files('packet').sort())
    const differing = files('packet').flatMap((file) => {
      const [a, b] = ['packet', 'packet-altered'].map((folder) => readFileSync(join(home, folder, file)))
      const bits = [...(a ?? [])].map((byte, at) => byte ^ (b?.[at] ?? 0)).filter((bit) => bit !== 0)
      return bits.map((bit) => [file, bit])
    })
    expect(differing).toEqual([['/entries/3.json', 1]])
  })

  test('no gpg-agent is left, and --clean leaves nothing at all', async () => {
    expect(existsSync(join(home, 'gnupg', 'S.gpg-agent'))).toBe(false)
    const own = mkdtempSync(join(temporary, 'own-'))
    const { code, out } = await runCli(['demo', '--clean', '--ascii'], { env: { TMPDIR: own } })
    expect([code, /^[\x00-\x7f]*$/.test(out)]).toEqual([0, true])
    expect(demosIn(own)).toEqual([])
  })

  test('a reader who leaves early ends it quietly', async () => {
    const own = mkdtempSync(join(temporary, 'own-'))
    const { code, err } = await runCli(['demo'], { env: { TMPDIR: own }, closeAfter: 1 })
    expect([0, 141]).toContain(code)
    expect(err).toBe('')
    if (code === 141) expect(demosIn(own)).toEqual([])
  })

  test("nothing of the user's own git configuration is used", async () => {
    const own = mkdtempSync(join(temporary, 'own-'))
    const config = join(own, 'config')
    writeFileSync(
      config,
      '[init]\n\tdefaultBranch = other\n[core]\n\thooksPath = /nowhere\n[commit]\n\tgpgSign = broken\n',
    )
    const { code, err } = await runCli(['demo', '--clean'], { env: { TMPDIR: own, GIT_CONFIG_GLOBAL: config } })
    expect([code, err]).toEqual([0, ''])
  })
})

test('a story that comes out otherwise ends with 70 and says what differed', async () => {
  const programs = mkdtempSync(join(temporary, 'programs-'))
  const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
  // This git forgets to make the lightweight tag.
  writeFileSync(join(programs, 'git'), `#!/bin/sh\ncase "$*" in "tag v1.0.1 "*) exit 0 ;; esac\nexec '${real}' "$@"\n`)
  chmodSync(join(programs, 'git'), 0o755)
  const PATH = `${programs}${delimiter}${process.env['PATH']}`
  const { code, err } = await runCli(['demo', '--clean'], { env: { TMPDIR: programs, PATH } })
  expect(code).toBe(70)
  expect(err).toMatch(/the story came out otherwise: expected refs\/tags\/v1\.0\.1 .* lightweight_tag\); got nothing/)
})
