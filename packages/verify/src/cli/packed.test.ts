import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { buildPackage } from '../../../../scripts/package-build.ts'
import { PROJECT_ROOT } from '../../../../scripts/project-files.ts'
import { encodePacketZip } from '../evidence/packet-zip.ts'
import { makePacket, trust } from '../packet.fixtures.ts'

const scratch = mkdtempSync(join(tmpdir(), 'countersign-packed-'))
afterAll(() => rmSync(scratch, { recursive: true }))

test('the published package alone proves a packet in an empty folder, and names the file of a changed byte', {
  timeout: 60_000,
}, () => {
  const auditor = join(scratch, 'auditor')
  mkdirSync(auditor)
  writeFileSync(join(auditor, 'package.json'), '{"name":"auditor","version":"1.0.0"}')
  npm(auditor, ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', packed()])
  expect(readdirSync(join(auditor, 'node_modules/@countersign'))).toEqual(['verify'])
  const zip = Buffer.from(encodePacketZip(makePacket()))
  writeFileSync(join(auditor, 'packet.zip'), zip)
  writeFileSync(join(auditor, 'evidence.pem'), trust.evidenceKey)
  const run = (): { readonly status: number | null; readonly stdout: string } => {
    const args = ['packet.zip', '--log-key', trust.logKey, '--evidence-key', 'evidence.pem']
    // Nothing of this house is within reach: another folder, and an environment with nothing but the way to node.
    return spawnSync(process.execPath, [join('node_modules', '.bin', 'countersign-verify'), ...args], {
      cwd: auditor,
      env: { PATH: process.env['PATH'] ?? '' },
      encoding: 'utf8',
    })
  }
  expect(run()).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/\npass: everything in the packet is proved\n$/),
  })
  zip[zip.indexOf('"payload":')] = 0x20
  writeFileSync(join(auditor, 'packet.zip'), zip)
  const changed = run()
  expect(changed.status).toBe(1)
  expect(changed.stdout).toMatch(/\nfail blobs\/[0-9a-f]{64}: .*\[malformed_zip\]\n/)
})

/** The archive that would be published. */
function packed(): string {
  const house = join(scratch, 'house')
  mkdirSync(house)
  for (const name of ['LICENSE', 'NOTICE', 'tsconfig.json']) copyFileSync(join(PROJECT_ROOT, name), join(house, name))
  writeFileSync(join(house, 'README.md'), '# @countersign/verify\n')
  symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(house, 'node_modules'))
  const target = join(scratch, 'verify')
  buildPackage(house, join(PROJECT_ROOT, 'packages/verify'), target, {})
  const archive = npm(target, ['pack', '--loglevel=error', '--pack-destination', scratch])
  return join(scratch, archive.trim().split('\n').at(-1) ?? '')
}

function npm(cwd: string, args: readonly string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
