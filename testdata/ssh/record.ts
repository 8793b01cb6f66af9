import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askGit } from './ask-git.ts'
import { CLAIMED, commitPayload, KEY_TYPES, makeMatrix } from './matrix.ts'

/** Records what the installed git and ssh-keygen make and say. Run: `node testdata/ssh/record.ts`. */

const here = import.meta.dirname
const HEAVY = KEY_TYPES.filter((type) => type === 'ssh-rsa' || type.endsWith('384') || type.endsWith('521'))

/** The matrix, without the larger keys' repetition of what every type does. */
async function recordGit(): Promise<void> {
  const cases = makeMatrix().filter(({ name }) => !HEAVY.some((type) => name.startsWith(`${type} `)))
  const light = cases.filter(
    ({ name }) => !HEAVY.some((type) => name.startsWith(`${type}:`) && !/: (known|flat|expired)/.test(name)),
  )
  const answers = await askGit(light)
  const rows = light.map((item, i) => JSON.stringify({ ...item, ...answers[i] }))
  writeFileSync(join(here, 'recorded', 'git.json'), `[\n${rows.join(',\n')}\n]\n`)
}

const work = mkdtempSync(join(tmpdir(), 'ssh-record-'))
const keygen = (input: string | Buffer, ...args: readonly string[]): string =>
  execFileSync('ssh-keygen', args, { cwd: work, input, stdio: ['pipe', 'pipe', 'ignore'] }).toString()
const file = (name: string): Buffer => readFileSync(join(work, name))

interface KeygenKind {
  readonly name: string
  readonly type: string
  readonly bits: string
}

const KINDS: readonly KeygenKind[] = [
  { name: 'ed25519', type: 'ed25519', bits: '256' },
  { name: 'rsa', type: 'rsa', bits: '2048' },
  { name: 'p256', type: 'ecdsa', bits: '256' },
  { name: 'p384', type: 'ecdsa', bits: '384' },
  { name: 'p521', type: 'ecdsa', bits: '521' },
]

/** Keys, signatures and certificates by ssh-keygen alone; the private halves are thrown away. */
function recordKeygen(): void {
  const payload = commitPayload(CLAIMED)
  const keys = KINDS.map(({ name, type, bits }) => {
    keygen('', '-q', '-t', type, '-b', bits, '-N', '', '-C', `${name} test key`, '-f', name)
    const sign = (key: string): string => keygen(payload, '-Y', 'sign', '-n', 'git', '-f', key)
    const plain = {
      public: file(`${name}.pub`).toString(),
      fingerprint: fingerprint(`${name}.pub`),
      signature: sign(name),
    }
    return { name, ...plain }
  })
  const certificates = KINDS.map(({ name }, i) => {
    const options = ['-n', 'alice@example.com,bob@example.com', '-V', '20240101Z:20250101Z', '-z', String(10 + i)]
    keygen('', '-q', '-s', 'ed25519', '-I', `id of ${name}`, ...options, '-O', 'no-pty', `${name}.pub`)
    const signature = keygen(payload, '-Y', 'sign', '-n', 'git', '-f', `${name}-cert.pub`)
    const certificate = file(`${name}-cert.pub`).toString()
    return { name, serial: 10 + i, certificate, fingerprint: fingerprint(`${name}-cert.pub`), signature }
  })
  const made = { payload, authority: 'ed25519', keys, certificates, krls: recordKrls() }
  writeFileSync(join(here, 'recorded', 'ssh-keygen.json'), `${JSON.stringify(made, null, 1)}\n`)
}

const fingerprint = (name: string): string => keygen('', '-l', '-f', name).split(' ')[1] ?? ''

/** One list per kind of entry, and which of the certificates and keys ssh-keygen then calls revoked. */
function recordKrls(): readonly object[] {
  const entries: readonly (readonly [string, readonly string[], string])[] = [
    ['serial list', ['-s', 'ed25519.pub'], 'serial: 10\nserial: 14\n'],
    ['serial range', ['-s', 'ed25519.pub'], 'serial: 11-13\n'],
    [
      'serial bitmap',
      ['-s', 'ed25519.pub'],
      'serial: 10\nserial: 12\nserial: 14\nserial: 15\nserial: 17\nserial: 19\nserial: 21\n',
    ],
    ['serials of no particular authority', ['-s', 'none'], 'serial: 12\n'],
    ['key ids', ['-s', 'ed25519.pub'], 'id: id of p256\nid: another\n'],
    ['explicit keys', [], file('rsa.pub').toString()],
    ['SHA-1 fingerprints', [], `sha1: ${file('p384.pub').toString()}`],
    ['SHA-256 fingerprints', [], `sha256: ${file('p521.pub').toString()}`],
    ['a fingerprint as text', [], `hash: ${fingerprint('p256.pub')}\n`],
    ['the key of the authority', [], file('ed25519.pub').toString()],
    [
      'everything',
      ['-s', 'ed25519.pub', '-z', '7'],
      `serial: 13\nid: id of rsa\nsha256: ${file('p521.pub').toString()}`,
    ],
    ['nothing', [], ''],
  ]
  const subjects = KINDS.flatMap(({ name }) => [`${name}.pub`, `${name}-cert.pub`])
  return entries.map(([name, args, spec], i) => {
    const path = `list-${i}.krl`
    writeFileSync(join(work, 'spec'), spec)
    keygen('', '-q', '-k', '-f', path, ...args, 'spec')
    const revoked = subjects.filter((subject) => isRevoked(path, subject))
    return { name, krl: file(path).toString('base64'), revoked: revoked.map((subject) => subject.replace('.pub', '')) }
  })
}

function isRevoked(list: string, subject: string): boolean {
  try {
    keygen('', '-Q', '-f', list, subject)
    return false
  } catch {
    return true
  }
}

mkdirSync(join(here, 'recorded'), { recursive: true })
try {
  recordKeygen()
  await recordGit()
} finally {
  rmSync(work, { recursive: true })
}
