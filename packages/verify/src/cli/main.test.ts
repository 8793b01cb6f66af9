import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { encodePacketZip } from '../evidence/packet-zip.ts'
import { makePacket, NOW, trust } from '../packet.fixtures.ts'
import { PACKET_CRITERIA } from '../verify-packet.ts'
import { answer } from './main.ts'

const scratch = mkdtempSync(join(tmpdir(), 'countersign-verify-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const packet = makePacket()
const at = (name: string): string => join(scratch, name)
writeTree(at('folder'), packet)
writeTree(at('changed'), new Map([...packet, ['checkpoint', Buffer.from('changed')]]))
writeTree(at('linked'), packet)
symlinkSync(at('folder/README.md'), at('linked/link'))
writeFileSync(at('packet.zip'), encodePacketZip(packet))
writeFileSync(at('other.zip'), 'not a zip')
writeFileSync(at('log.vkey'), `${trust.logKey}\n`)
writeFileSync(at('evidence.pem'), trust.evidenceKey)

const KEYS = ['--log-key', at('log.vkey'), '--evidence-key', at('evidence.pem')]

describe('the exit code', () => {
  test.for([
    { name: 'a folder with both keys', args: [at('folder'), ...KEYS], code: 0 },
    { name: 'a zip with both keys', args: [at('packet.zip'), ...KEYS], code: 0 },
    {
      name: 'a log key on the command line',
      args: [at('folder'), '--log-key', trust.logKey, '--evidence-key', at('evidence.pem')],
      code: 0,
    },
    { name: 'a changed file', args: [at('changed'), ...KEYS], code: 1 },
    { name: 'a zip that is none', args: [at('other.zip'), ...KEYS], code: 1 },
    {
      name: 'a time before the packet was made',
      args: [at('folder'), ...KEYS, '--at', '2026-01-01T00:00:00Z'],
      code: 1,
    },
    { name: 'no keys', args: [at('folder')], code: 3 },
    { name: 'a changed file and no keys', args: [at('changed')], code: 1 },
    { name: 'no packet', args: [], code: 2 },
    { name: 'two packets', args: [at('folder'), at('packet.zip')], code: 2 },
    { name: 'a packet that is not there', args: [at('absent')], code: 2 },
    { name: 'a link in the packet', args: [at('linked'), ...KEYS], code: 2 },
    { name: 'a key file that is not there', args: [at('folder'), '--log-key', at('absent')], code: 2 },
    { name: 'a log key that is none', args: [at('folder'), '--log-key', at('evidence.pem')], code: 2 },
    { name: 'an evidence key that is none', args: [at('folder'), '--evidence-key', at('log.vkey')], code: 2 },
    { name: 'an unknown option', args: [at('folder'), '--quick'], code: 2 },
    { name: 'an unknown output', args: [at('folder'), '-o', 'xml'], code: 2 },
    { name: 'a time that is none', args: [at('folder'), '--at', 'yesterday'], code: 2 },
    { name: 'help', args: ['--help'], code: 0 },
  ])('of $name is $code', ({ args, code }) => {
    const { code: found, stdout, stderr } = answer(args, NOW)
    expect(found).toBe(code)
    expect(stderr === '').toBe(code !== 2)
    expect(stdout === '').toBe(code === 2)
  })
})

test('text is the criteria, then each answer, then the verdict', () => {
  const { stdout } = answer([at('changed'), ...KEYS], NOW)
  expect(stdout.startsWith(PACKET_CRITERIA.map((line) => `- ${line}\n`).join(''))).toBe(true)
  expect(stdout).toContain('\nfail checkpoint: is not what was signed [file_changed]\n')
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('fail: the packet is not what it says it is')
})

test('json is the report', () => {
  const { stdout } = answer([at('packet.zip'), ...KEYS, '-o', 'json'], NOW)
  expect(JSON.parse(stdout)).toMatchObject({ criteria: PACKET_CRITERIA, explanation: { verdict: 'pass' } })
})

function writeTree(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
}
