import { expect, test } from 'vitest'
import { pgpArmor, pgpMpi, pgpPacket, subpacket } from './openpgp-packets.ts'

test.for([
  { name: 'zero', bytes: [0, 0], mpi: '0000' },
  { name: 'one bit', bytes: [1], mpi: '000101' },
  { name: 'leading zeros', bytes: [0, 0, 0x1f], mpi: '00051f' },
  { name: 'a full byte first', bytes: [0xff, 0], mpi: '0010ff00' },
])('a multiprecision integer counts its bits: $name', ({ bytes, mpi }) => {
  expect(pgpMpi(Uint8Array.from(bytes)).toString('hex')).toBe(mpi)
})

test('the armour checksum is the CRC-24 of RFC 9580', () => {
  const sum = pgpArmor(Buffer.from('123456789')).split('\n').at(-2)
  expect(sum).toBe(`=${Buffer.from('21cf02', 'hex').toString('base64')}`)
})

test('armour can leave the checksum out, take another one, headers and another width', () => {
  const bytes = Buffer.alloc(30, 1)
  expect(pgpArmor(bytes, { checksum: false })).not.toContain('\n=')
  expect(pgpArmor(bytes, { checksum: 'AAAA' })).toContain('\n=AAAA\n')
  expect(
    pgpArmor(bytes, { headers: ['Comment: x'] })
      .split('\n')
      .slice(1, 3),
  ).toEqual(['Comment: x', ''])
  expect(pgpArmor(bytes, { columns: 10, label: 'X' }).split('\n').slice(0, 4)).toEqual([
    '-----BEGIN X-----',
    '',
    'AQEBAQEBAQ',
    'EBAQEBAQEB',
  ])
})

test('packets and subpackets carry their lengths', () => {
  expect(pgpPacket(2, Buffer.of(9)).toString('hex')).toBe('8a0000000109')
  expect(pgpPacket(21, Buffer.of(9), 'new').toString('hex')).toBe('d5ff0000000109')
  expect(subpacket(16, Buffer.of(7), true).toString('hex')).toBe('029007')
  expect(subpacket(20, Buffer.alloc(200)).subarray(0, 6).toString('hex')).toBe('ff000000c914')
})
