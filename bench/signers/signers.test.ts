import { createPublicKey, hash, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { dice, seededBytes } from './dice.ts'
import { ecdsaSshKey, ed25519SshKey, seededEd25519, skEd25519SshKey } from './ssh-keys.ts'
import { sshMpint, sshString } from './ssh-wire.ts'
import { sshArmor, sshsigBlob } from './sshsig.ts'

test('dice of one label roll the same numbers, of another label others', () => {
  const rolls = (label: string) => {
    const roll = dice(label)
    return Array.from({ length: 2000 }, () => roll.below(1000))
  }
  expect(rolls('a')).toEqual(rolls('a'))
  expect(rolls('a')).not.toEqual(rolls('b'))
  expect(new Set(rolls('a')).size).toBeGreaterThan(800)
})

test('seeded keys are the same every time', () => {
  expect(ed25519SshKey('x').blob).toEqual(ed25519SshKey('x').blob)
  expect(ecdsaSshKey(521, 'x').blob).toEqual(ecdsaSshKey(521, 'x').blob)
  expect(ed25519SshKey('x').blob).not.toEqual(ed25519SshKey('y').blob)
  expect(seededBytes('x', 3)).toHaveLength(3)
})

test.for([
  { name: 'zero is empty', bytes: [0], mpint: '00000000' },
  { name: 'a high bit gets a zero byte', bytes: [0x80], mpint: '000000020080' },
  { name: 'leading zeros go', bytes: [0, 0, 1], mpint: '0000000101' },
])('an mpint: $name', ({ bytes, mpint }) => {
  expect(sshMpint(Uint8Array.from(bytes)).toString('hex')).toBe(mpint)
})

test('an SSHSIG signs magic, namespace, reserved, hash name and hash', () => {
  const payload = Buffer.from('text')
  const digest = hash('sha512', payload, 'buffer')
  const signed = Buffer.concat([Buffer.from('SSHSIG'), ...['git', '', 'sha512', digest].map(sshString)])
  const blob = sshsigBlob(ed25519SshKey('x'), payload)
  const publicKey = createPublicKey(seededEd25519('x').key)
  expect(verify(null, signed, publicKey, blob.subarray(-64))).toBe(true)
  expect(verify(null, Buffer.concat([signed, Buffer.of(0)]), publicKey, blob.subarray(-64))).toBe(false)
})

test('a security key signs application, flags and counter around the hash', () => {
  const state = { application: 'ssh:', flags: 5, counter: 258 }
  const made = skEd25519SshKey('x', state).sign(Buffer.from('tbs'))
  const input = Buffer.concat([
    hash('sha256', 'ssh:', 'buffer'),
    Buffer.of(5, 0, 0, 1, 2),
    hash('sha256', 'tbs', 'buffer'),
  ])
  expect(made.subarray(-5)).toEqual(Buffer.of(5, 0, 0, 1, 2))
  expect(verify(null, input, createPublicKey(seededEd25519('x').key), made.subarray(-69, -5))).toBe(true)
})

test('armour has lines of at most 70 characters and no line break at its end', () => {
  const lines = sshArmor(Buffer.alloc(105)).split('\n')
  expect(lines.map((line) => line.length)).toEqual([29, 70, 70, 27])
})
