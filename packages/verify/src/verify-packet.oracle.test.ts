import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fromUtf8, utf8 } from './bytes/encoding.ts'
import { parseEnvelope, preAuthEncoding } from './dsse/envelope.ts'
import { openChangeInputs } from './evidence/change-inputs.ts'
import { openManifest } from './evidence/packet-manifest.ts'
import { encodePacketZip } from './evidence/packet-zip.ts'
import { openPolicyBundle } from './evidence/policy-bundle.ts'
import { makePacket, SEALED_POLICY } from './packet.fixtures.ts'

const scratch = mkdtempSync(join(tmpdir(), 'countersign-packet-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const packet = makePacket()
for (const [path, bytes] of packet) put(path, bytes)

test('openssl verifies the signatures of the manifest and of every entry with the key in the packet', () => {
  const envelopes = [...packet.keys()].filter((path) => path === 'manifest.dsse.json' || path.startsWith('entries/'))
  expect(envelopes).toHaveLength(4)
  for (const path of envelopes) {
    const { payloadType, payload, signatures } = parseEnvelope(fromUtf8(packet.get(path) as Uint8Array))
    const [message, signature] = [
      put('message', preAuthEncoding(payloadType, payload)),
      put('sig', signatures[0]?.signature),
    ]
    const args = ['-verify', '-pubin', '-inkey', join(scratch, 'keys/evidence.pem'), '-rawin', '-in', message]
    expect(run('openssl', ['pkeyutl', ...args, '-sigfile', signature])).toContain('Signature Verified Successfully')
  }
})

test('sha256sum finds every file as the manifest says', () => {
  const { files } = openManifest(packet.get('manifest.json') as Uint8Array)
  const list = put('list', utf8(files.map(({ sha256, path }) => `${sha256}  ${path}\n`).join('')))
  expect(run('sha256sum', ['--check', '--strict', '--quiet', list])).toBe('')
})

test('unzip finds the zip whole and gives the same files', () => {
  const zip = put('packet.zip', encodePacketZip(packet))
  expect(run('unzip', ['-tq', zip])).toContain('No errors detected')
  for (const [path, bytes] of packet) {
    expect(execFileSync('unzip', ['-p', zip, path]).equals(Buffer.from(bytes)), path).toBe(true)
  }
})

test('git and ssh-keygen agree with the object ids and signatures in the packet', () => {
  const signers = put('allowed_signers', openPolicyBundle(SEALED_POLICY).trust.allowedSigners[0])
  run('git', ['init', '-q', 'repository'])
  run('git', ['-C', 'repository', 'hash-object', '-w', '-t', 'tree', '/dev/null'])
  const inputs = [...packet].filter(([, bytes]) => fromUtf8(bytes).includes('/formats/change-inputs/'))
  const statuses = inputs.flatMap(([, bytes]) =>
    openChangeInputs(bytes).objects.map(({ id, type, body }) => {
      const written = run('git', ['-C', 'repository', 'hash-object', '-w', '-t', type, put('body', body)]).trim()
      expect(written).toBe(id)
      const config = ['-c', 'gpg.format=ssh', '-c', `gpg.ssh.allowedSignersFile=${signers}`]
      return spawnSync('git', ['-C', 'repository', ...config, `verify-${type}`, id], { cwd: scratch }).status
    }),
  )
  expect(statuses).toEqual([0, 1, 0])
})

function put(path: string, bytes: Uint8Array | undefined): string {
  const file = join(scratch, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, bytes ?? '')
  return file
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { cwd: scratch, encoding: 'utf8' })
}
