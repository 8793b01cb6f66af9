import { armor, makeKey, packet, primary, signature, sub, userId } from './craft.ts'
import { commitText, moments, type Question } from './vector.ts'

type Key = Parameters<typeof primary>[0]

interface Base {
  readonly key: Key
  readonly rsa: Key
  readonly keyring: string
}

/** Armour and packet framing broken in one way each, around signatures that are good. */
export function damagedVectors(): readonly Question[] {
  const key = makeKey('ed25519', moments.key)
  const rsa = makeKey('rsa2048', moments.key)
  const users = [userId(key, 'Ada <ada@example.org>'), primary(rsa), userId(rsa, 'Rosa <rosa@example.org>')]
  const base = { key, rsa, keyring: Buffer.concat([primary(key), ...users]).toString('base64') }
  return [...damagedArmor(base), ...otherPackets(base), ...damagedPackets(base)]
}

function signBy(signer: Key, payload: Uint8Array, shape: { type?: number; hash?: number } = {}): Buffer {
  return signature({ key: signer, type: 0, createdAt: moments.signed, over: [payload], ...shape })
}

function bytesQuestion(
  { key, keyring }: Base,
  name: string,
  change: (good: Buffer, payload: Buffer) => Uint8Array,
): Question {
  const payload = commitText(name)
  const good = signBy(key, Buffer.from(payload))
  return { name, keyring, now: moments.now, payload, armor: armor('SIGNATURE', change(good, Buffer.from(payload))) }
}

function damagedArmor({ key, keyring }: Base): readonly Question[] {
  const text = (name: string, change: (good: string) => string): Question => {
    const payload = commitText(name)
    const good = armor('SIGNATURE', signBy(key, Buffer.from(payload)))
    return { name, keyring, now: moments.now, payload, armor: change(good) }
  }
  return [
    text('armour headers', (good) => good.replace('\n\n', '\nVersion: GnuPG v2\nComment: a comment\n\n')),
    text('armour header without a value', (good) => good.replace('\n\n', '\nComment:\n\n')),
    text('armour header that is none', (good) => good.replace('\n\n', '\nnot a header\n\n')),
    text('armour without a blank line', (good) => good.replace('\n\n', '\n')),
    text('armour with CRLF', (good) => good.replaceAll('\n', '\r\n')),
    text('armour with spaces at line ends', (good) => good.replaceAll('\n', ' \n')),
    text('armour without a checksum', (good) => good.replace(/\n=.{4}\n/, '\n')),
    text('armour with a wrong checksum', (good) => good.replace(/\n=.{4}\n/, '\n=AAAA\n')),
    text('armour with half a checksum', (good) => good.replace(/\n=(..)..\n/, '\n=$1\n')),
    text('armour with a stray character', (good) => good.replace('\n\n', '\n\n!')),
    text('armour with a stray dot inside', (good) => good.replace(/\n\n(.{20})/, '\n\n$1.')),
    text('armour cut before END', (good) => good.replace(/-----END.*\n/, '')),
    text('armour cut in the middle', (good) => good.slice(0, good.indexOf('\n\n') + 40)),
    text('armour cut after the header', (good) => good.slice(0, good.indexOf('\n\n') + 2)),
    text('armour with a wrong END', (good) => good.replace('END PGP SIGNATURE', 'END PGP MESSAGE')),
    text('BEGIN PGP MESSAGE', (good) => good.replaceAll('PGP SIGNATURE', 'PGP MESSAGE')),
    text('text after the armour', (good) => `${good}trailing text\n`),
    text('blank lines after the armour', (good) => `${good}\n\n`),
    text('the same armour twice', (good) => good + good),
    oddBit(key, keyring),
  ]
}

function otherPackets(base: Base): readonly Question[] {
  const { key, rsa } = base
  const bytes = (name: string, change: (good: Buffer, payload: Buffer) => Uint8Array): Question =>
    bytesQuestion(base, name, change)
  return [
    bytes('empty packets', () => Buffer.from([0xca, 3, 0x50, 0x47, 0x50])),
    bytes('two signatures by two keys', (good, payload) => Buffer.concat([good, signBy(rsa, payload)])),
    bytes('two signatures, the second bad', (good) => Buffer.concat([good, signBy(rsa, Buffer.from('x'))])),
    bytes('two signatures, the first bad', (good) => Buffer.concat([signBy(rsa, Buffer.from('x')), good])),
    bytes('two signatures, the first with an unknown hash', (good, payload) =>
      Buffer.concat([signBy(rsa, payload, { hash: 99 }), good]),
    ),
    bytes('two signatures of different types', (good, payload) =>
      Buffer.concat([good, signBy(rsa, payload, { type: 1 })]),
    ),
    bytes('two signatures with different hashes', (good, payload) =>
      Buffer.concat([good, signBy(rsa, payload, { hash: 10 })]),
    ),
    bytes('a marker packet first', (good) => Buffer.concat([packet(10, Buffer.from('PGP')), good])),
    bytes('a padding packet last', (good) => Buffer.concat([good, packet(21, Buffer.from('xxxx'))])),
    bytes('an unknown packet last', (good) => Buffer.concat([good, packet(60, Buffer.from('xxxx'))])),
    bytes('an unknown packet first', (good) => Buffer.concat([packet(60, Buffer.from('xxxx')), good])),
    bytes('a user id packet last', (good) => Buffer.concat([good, packet(13, Buffer.from('xxxx'))])),
    bytes('a key packet last', (good) => Buffer.concat([good, primary(key)])),
    bytes('a key packet first', (good) => Buffer.concat([primary(key), good])),
    bytes('a literal packet first', (good) =>
      Buffer.concat([packet(11, Buffer.from('b\0\0\0\0\0hello', 'latin1')), good]),
    ),
    bytes('a one-pass packet first', (good) =>
      Buffer.concat([packet(4, Buffer.from([3, 0, 8, 22, 1, 2, 3, 4, 5, 6, 7, 8, 1])), good]),
    ),
    bytes('a compressed packet last', (good) => Buffer.concat([good, packet(8, Buffer.from([0, 1, 2]))])),
    bytes('a subkey packet last', (good) => Buffer.concat([good, packet(14, key.body)])),
    bytes('a subkey packet first', (good) => Buffer.concat([packet(14, key.body), good])),
    bytes('a user id packet first', (good) => Buffer.concat([packet(13, Buffer.from('xxxx')), good])),
    bytes('a trust packet first', (good) => Buffer.concat([packet(12, Buffer.from('xxxx')), good])),
    bytes('a literal packet last', (good) =>
      Buffer.concat([good, packet(11, Buffer.from('b\0\0\0\0\0hello', 'latin1'))]),
    ),
  ]
}

function damagedPackets(base: Base): readonly Question[] {
  const bytes = (name: string, change: (good: Buffer, payload: Buffer) => Uint8Array): Question =>
    bytesQuestion(base, name, change)
  const old = (body: Uint8Array): Buffer => Buffer.concat([Buffer.from([0x88, body.length]), body])
  return [
    bytes('an old-format packet', (good) => old(good.subarray(6))),
    bytes('an old-format packet without a length', (good) => Buffer.concat([Buffer.from([0x8b]), good.subarray(6)])),
    bytes('a partial length', (good) =>
      Buffer.concat([
        Buffer.from([0xc2, 0xe6]),
        good.subarray(6, 70),
        Buffer.from([good.length - 70]),
        good.subarray(70),
      ]),
    ),
    bytes('a packet longer than the data', (good) =>
      Buffer.concat([Buffer.from([0xc2, 0xff, 0, 0, 1, 0]), good.subarray(6)]),
    ),
    bytes('a zero byte after the packet', (good) => Buffer.concat([good, Buffer.from([0])])),
    bytes('a zero byte before the packet', (good) => Buffer.concat([Buffer.from([0]), good])),
    bytes('a truncated second packet', (good) => Buffer.concat([good, good.subarray(0, 30)])),
    bytes('a second signature of unknown version', (good) =>
      Buffer.concat([good, packet(2, Buffer.concat([Buffer.from([9]), good.subarray(7)]))]),
    ),
    bytes('a signature packet of ten bytes', () => packet(2, Buffer.alloc(10, 4))),
    bytes('an empty signature packet', () => packet(2, Buffer.alloc(0))),
  ]
}

/** An armour whose last digit has one of its unused bits set. */
function oddBit(key: Key, keyring: string): Question {
  const payload = commitText('a bit of padding set')
  const shape = { key, type: 0, createdAt: moments.signed, over: [Buffer.from(payload)] }
  for (let filler = 1; ; filler++) {
    const unhashed = [sub(16, key.keyId), sub(20, Buffer.alloc(filler))]
    const bytes = signature({ ...shape, unhashed })
    if (bytes.length % 3 !== 1) continue
    const good = armor('SIGNATURE', bytes)
    const spoiled = good.replace(/(.)==\n/, (_, digit: string) => `${String.fromCharCode(digit.charCodeAt(0) + 1)}==\n`)
    return { name: 'a bit of padding set', keyring, now: moments.now, payload, armor: spoiled }
  }
}
