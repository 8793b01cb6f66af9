import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as x from '../../../../../testdata/x509/issue.ts'
import { logEntry } from '../../../../../testdata/x509/issue-log-entry.ts'
import { intermediate, issue, payload, request, root, SIGNED } from '../../../../../testdata/x509/parties.ts'
import { runCli } from '../../cli/run-cli.fixtures.ts'

let folder: string
const log = x.newSigner('p256')
const at = (name: string): string => join(folder, name)

/** A commit as gitsign signs it, by a certificate of ten minutes. */
function gitsignCommit(): string {
  const leaf = issue({
    issuer: intermediate,
    algorithm: 'p256',
    subject: x.seq(),
    notBefore: SIGNED,
    notAfter: SIGNED + 600,
    extensions: [x.altNames({ email: 'ann@example.com' }, true), { id: '1.3.6.1.4.1.57264.1.8', value: x.text('i') }],
  })
  const wish = request(leaf, [leaf])
  const { signerInfo } = x.signSignerInfo(wish, ({ covered, signature }) => {
    const entry = logEntry({ log, covered, signature, certificate: leaf.der, integratedTime: SIGNED + 2 })
    return [x.seq(x.oid('1.3.6.1.4.1.57264.3.1'), x.set(x.octets(entry)))]
  })
  const armor = x
    .armor(x.wrapSignedData(wish, [signerInfo]))
    .trimEnd()
    .replaceAll('\n', '\n ')
  return payload.replace('\n\n', `\ngpgsig ${armor}\n\n`)
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'csn-trust-options-'))
  const git = (args: readonly string[], input = ''): string =>
    execFileSync('git', ['-C', folder, ...args], { input })
      .toString()
      .trim()
  git(['init', '-q', '-b', 'main'])
  git(['hash-object', '-t', 'tree', '-w', '--stdin'])
  git(['update-ref', 'HEAD', git(['hash-object', '-t', 'commit', '-w', '--stdin'], gitsignCommit())])
  writeFileSync(at('ca.pem'), x.armor(root.der, 'CERTIFICATE') + x.armor(intermediate.der, 'CERTIFICATE'))
  writeFileSync(at('intermediate.pem'), x.armor(intermediate.der, 'CERTIFICATE'))
  writeFileSync(at('log.pub'), x.armor(log.spki, 'PUBLIC KEY'))
  writeFileSync(at('nonsense'), 'nonsense\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const verify = (...args: readonly string[]) =>
  runCli(['verify', '--repo', folder, '--data', at('data'), '-o', 'jsonl', ...args])

test.for([
  { name: 'roots, intermediates and log key', args: ['ca.pem', 'log.pub'], code: 0, want: 'good verified_at_log_time' },
  { name: 'no log key', args: ['ca.pem'], code: 3, want: 'unverifiable log_key_missing' },
  { name: 'an intermediate alone', args: ['intermediate.pem', 'log.pub'], code: 1, want: 'untrusted issuer_absent' },
])('verify judges a gitsign commit with $name', async ({ args, code, want }) => {
  const [roots = '', key] = args
  const trust = ['--x509-roots', at(roots), ...(key === undefined ? [] : ['--rekor-key', at(key)])]
  const run = await verify(...trust)
  const { signature } = JSON.parse(run.out) as { signature: { status: string; reason: string } }
  expect([run.code, `${signature.status} ${signature.reason}`]).toEqual([code, want])
  expect(run.err.includes('note: X.509 roots counts for nothing')).toBe(roots === 'intermediate.pem')
})

test('verify --new looks again when a log key is added', async () => {
  const first = await verify('--new', '--x509-roots', at('ca.pem'))
  const second = await verify('--new', '--x509-roots', at('ca.pem'), '--rekor-key', at('log.pub'))
  expect([first.code, second.code]).toEqual([3, 0])
  expect(second.out).toContain('verified_at_log_time')
})

test.for([
  { option: '--x509-roots', says: 'X.509 certificates: .* \\(malformed_certificate\\)' },
  { option: '--rekor-key', says: 'Rekor key: .* \\(unsupported_key\\)' },
  { option: '--revoked', says: 'SSH revocation list: .* \\(\\w+\\)' },
])('verify refuses a $option file that is none with its kind and reason', async ({ option, says }) => {
  const { code, err, out } = await verify(option, at('nonsense'))
  expect([code, out]).toEqual([2, ''])
  expect(err).toMatch(new RegExp(`^error\\[trust_file_malformed\\]: ${says}\\n`))
})

test('verify says which line of a trust file counts for nothing', async () => {
  const { err } = await verify('--allowed-signers', at('nonsense'), '--keyring', at('nonsense'))
  expect(err).toMatch(/^note: allowed signers line 1 counts for nothing: .* \(\w+\)$/m)
  expect(err).toMatch(/^note: OpenPGP keyring line 1 counts for nothing: .* \(\w+\)$/m)
})

test('init refuses an unusable key before it writes, and keeps usable ones where check reads them', async () => {
  const trust = (key: string) => ['init', '--repo', folder, '--x509-roots', at('ca.pem'), '--rekor-key', at(key)]
  const refused = await runCli(trust('nonsense'))
  expect([refused.code, existsSync(at('.countersign'))]).toEqual([2, false])
  expect((await runCli(trust('log.pub'))).code).toBe(0)
  const kept = at('.countersign/keys/log-1.rekor.pub')
  expect(readFileSync(kept, 'utf8')).toBe(readFileSync(at('log.pub'), 'utf8'))
  const check = () => runCli(['check', '--repo', folder, '--policy', at('.countersign'), '--data', at('data')])
  expect((await check()).err).not.toContain('error[')
  writeFileSync(kept, 'nonsense')
  const { code, err } = await check()
  expect([code, err.split('\n')[0]]).toEqual([
    2,
    expect.stringMatching(/^error\[policy_malformed\]: the keys of the policy: Rekor key: .* \(unsupported_key\)$/),
  ])
})
