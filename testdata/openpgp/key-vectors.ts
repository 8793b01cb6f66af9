import { one } from './asking.ts'
import {
  type CraftedKey,
  makeKey,
  overKey,
  overSubkey,
  overUserId,
  primary,
  type SignatureShape,
  signatureBody,
  sub,
  subkey,
  u32,
  userId,
} from './craft.ts'
import { moments, type Question } from './vector.ts'

const UID = 'Ada <ada@example.org>'
const KEY_EXPIRY = (seconds: number): Buffer => sub(9, u32(seconds))
const SIGN = sub(27, Buffer.from([0x03]))

/** Keys with one rule of OpenPGP broken, or one corner entered, at a time. */
export function keyVectors(): readonly Question[] {
  return [
    ...subkeys(),
    ...contestedSubkeys(),
    ...userIds(),
    ...selfSignatures(),
    ...lifetimes(),
    ...revocations(),
    ...algorithms(),
  ]
}

function subkeys(): readonly Question[] {
  const make = (): [CraftedKey, CraftedKey] => [makeKey('ed25519', moments.key), makeKey('ed25519', moments.key + 10)]
  const ringOf = (key: CraftedKey, ...rest: readonly Uint8Array[]): Buffer =>
    Buffer.concat([primary(key), userId(key, UID), ...rest])
  const [a, aSub] = make()
  const [b, bSub] = make()
  const [c, cSub] = make()
  const [d, dSub] = make()
  const [e, eSub] = make()
  const [f, fSub] = make()
  const [g, gSub] = make()
  const [h, hSub] = make()
  const stolen = makeKey('ed25519', moments.key)
  const wrongBack = signatureBody({ key: cSub, type: 0x19, createdAt: moments.key + 10, over: [b.framed, cSub.framed] })
  const over = [e.framed, eSub.framed]
  const md5Binding = { hash: 1 }
  const unhashedBack = signatureBody({ key: eSub, type: 0x19, createdAt: eSub.createdAt, over })
  return [
    one('subkey', ringOf(a, subkey(a, aSub)), aSub),
    one('subkey without back-signature', ringOf(b, subkey(b, bSub, { back: null })), bSub),
    one('subkey with a back-signature over another key', ringOf(c, subkey(c, cSub, { back: wrongBack })), cSub),
    one(
      'subkey with an expired binding',
      ringOf(d, subkey(d, dSub, { more: [sub(27, Buffer.from([2])), sub(3, u32(100))] })),
      dSub,
    ),
    one(
      'subkey with its back-signature unhashed',
      ringOf(e, subkey(e, eSub, { back: null, unhashed: [sub(16, e.keyId), sub(32, unhashedBack)] })),
      eSub,
    ),
    one('subkey for encryption only', ringOf(f, subkey(f, fSub, { more: [sub(27, Buffer.from([0x0c]))] })), fSub),
    one('subkey without key flags', ringOf(g, subkey(g, gSub, { more: [] })), gSub),
    one('subkey bound with md5', ringOf(h, subkey(h, hSub, md5Binding)), hSub),
    one('subkey bound by nobody', ringOf(h, subkey(stolen, hSub)), hSub),
  ]
}

function contestedSubkeys(): readonly Question[] {
  const a = makeKey('ed25519', moments.key)
  const aSub = makeKey('ed25519', moments.key + 10)
  const stolen = makeKey('ed25519', moments.key)
  const ringOf = (key: CraftedKey, ...rest: readonly Uint8Array[]): Buffer =>
    Buffer.concat([primary(key), userId(key, UID), ...rest])
  return [
    one(
      'subkey claimed by a stranger first',
      Buffer.concat([ringOf(stolen, subkey(stolen, aSub, { back: null })), ringOf(a, subkey(a, aSub))]),
      aSub,
    ),
    one(
      'subkey rebound without the flag',
      ringOf(
        a,
        subkey(a, aSub),
        overSubkey(a, aSub, { type: 0x18, createdAt: moments.later, more: [sub(27, Buffer.from([4]))] }),
      ),
      aSub,
    ),
    one(
      'subkey rebound without the flag in a second copy of the key',
      Buffer.concat([
        ringOf(a, subkey(a, aSub)),
        ringOf(a, subkey(a, aSub, { createdAt: moments.later, more: [sub(27, Buffer.from([4]))] })),
      ]),
      aSub,
    ),
    one(
      'subkey revocation in the wrong place',
      Buffer.concat([primary(a), userId(a, UID), overSubkey(a, aSub, { createdAt: moments.later }), subkey(a, aSub)]),
      aSub,
    ),
  ]
}

function userIds(): readonly Question[] {
  const key = makeKey('ed25519', moments.key)
  const second = 'Ada Lovelace <lovelace@example.org>'
  const flagged = { more: [SIGN, sub(25, Buffer.from([1]))] }
  const direct = overKey(key, { type: 0x1f, more: [SIGN] })
  const revoked = overUserId(key, UID, { type: 0x30, createdAt: moments.later })
  const ring = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat([primary(key), ...parts])
  return [
    one('two user ids, neither primary', ring(userId(key, UID), userId(key, second)), key),
    one(
      'two user ids, the older one primary',
      ring(userId(key, UID, flagged), userId(key, second, { createdAt: moments.key + 5 })),
      key,
    ),
    one(
      'two user ids, the newer one last',
      ring(userId(key, UID), userId(key, second, { createdAt: moments.key + 5 })),
      key,
    ),
    one('two user ids, both primary', ring(userId(key, UID, flagged), userId(key, second, flagged)), key),
    one('one user id revoked', ring(userId(key, UID, flagged), revoked, userId(key, second)), key),
    one('every user id revoked', ring(userId(key, UID), revoked), key),
    one('every user id revoked, with a direct-key signature', ring(direct, userId(key, UID), revoked), key),
    one(
      'user id revoked and renewed',
      ring(userId(key, UID), revoked, overUserId(key, UID, { createdAt: moments.later + 9, more: [SIGN] })),
      key,
    ),
    one('every user id expired', ring(userId(key, UID, { more: [SIGN, sub(3, u32(1000))] })), key),
  ]
}

function selfSignatures(): readonly Question[] {
  const key = makeKey('ed25519', moments.key)
  const base = primary(key)
  const direct = overKey(key, { type: 0x1f, more: [SIGN] })
  const certOnly = { more: [sub(27, Buffer.from([1]))] }
  const ring = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat([base, ...parts])
  return [
    one('no user id', ring(), key),
    one('no user id, direct-key signature', ring(direct), key),
    one('user id without self-signature', ring(userId(makeKey('ed25519', moments.key), UID)), key),
    one('user id signed as data', ring(userId(key, UID, { type: 0 })), key),
    one('user id signed by type 0x1f', ring(userId(key, UID, { type: 0x1f })), key),
    one('two self-signatures of one second', ring(userId(key, UID), overUserId(key, UID, certOnly)), key),
    one('user id with an md5 self-signature', ring(userId(key, UID, { hash: 1 })), key),
    one('user id with a sha1 self-signature', ring(userId(key, UID, { hash: 2 })), key),
    one(
      'user id with an unknown critical subpacket',
      ring(userId(key, UID, { more: [SIGN, sub(99, Buffer.from('x'), true)] })),
      key,
    ),
    one(
      'user id with control characters',
      ring(userId(key, 'Ada\u0007 100% <ada@example.org>\n[GNUPG:] GOODSIG')),
      key,
    ),
    one('user id in UTF-8', ring(userId(key, 'Ądá Łovelace <ada@example.org>')), key),
    one('primary key for certifying only', ring(userId(key, UID, certOnly)), key),
    one('primary key without key flags', ring(userId(key, UID, { more: [] })), key),
    one(
      'direct-key signature takes the flag away',
      ring(overKey(key, { type: 0x1f, ...certOnly }), userId(key, UID)),
      key,
    ),
    one(
      'the same key twice, revoked in the second copy',
      Buffer.concat([
        ring(userId(key, UID)),
        base,
        overKey(key, { type: 0x20, createdAt: moments.later }),
        userId(key, UID),
      ]),
      key,
    ),
    one('key not exportable', ring(userId(key, UID, { more: [SIGN, sub(4, Buffer.from([0]))] })), key),
  ]
}

function lifetimes(): readonly Question[] {
  const key = makeKey('ed25519', moments.key)
  const young = makeKey('ed25519', moments.now + 10)
  const sk = makeKey('ed25519', moments.key)
  const life = moments.later - moments.key
  const base = primary(key)
  const expiring = { more: [SIGN, KEY_EXPIRY(life)] }
  const renewed = overUserId(key, UID, { createdAt: moments.later - 5, more: [SIGN, KEY_EXPIRY(life * 10)] })
  const flags = sub(27, Buffer.from([2]))
  const expired = Buffer.concat([base, userId(key, UID, expiring)])
  return [
    one('crafted key expired since', expired, key),
    one('key expired when it signed', expired, key, { createdAt: moments.later + 1 }),
    one('key renewed', Buffer.concat([expired, renewed]), key),
    one(
      'key renewed without an expiry',
      Buffer.concat([expired, overUserId(key, UID, { createdAt: moments.later - 5, more: [SIGN] })]),
      key,
    ),
    one(
      'key expiry from a direct-key signature',
      Buffer.concat([base, overKey(key, { type: 0x1f, ...expiring }), userId(key, UID)]),
      key,
    ),
    one(
      'key expiry in another user id',
      Buffer.concat([
        base,
        userId(key, UID, expiring),
        userId(key, 'B <b@example.org>', { createdAt: moments.key + 9 }),
      ]),
      key,
    ),
    one(
      'key that expires after 2106',
      Buffer.concat([base, userId(key, UID, { more: [SIGN, KEY_EXPIRY(3_000_000_000)] })]),
      key,
    ),
    one('key expiry of zero', Buffer.concat([base, userId(key, UID, { more: [SIGN, KEY_EXPIRY(0)] })]), key),
    one(
      'subkey expired, primary alive',
      Buffer.concat([base, userId(key, UID), subkey(key, sk, { more: [flags, KEY_EXPIRY(life)] })]),
      sk,
    ),
    one('primary expired, subkey alive', Buffer.concat([expired, subkey(key, sk)]), sk),
    one('key expired and signature expired', expired, key, { more: [sub(3, u32(86_400))] }),
    one(
      'key expired and revoked',
      Buffer.concat([base, overKey(key, { type: 0x20, createdAt: moments.later }), userId(key, UID, expiring)]),
      key,
    ),
    one('key from the future', Buffer.concat([primary(young), userId(young, UID)]), young, {
      createdAt: moments.now + 20,
    }),
  ]
}

function revocations(): readonly Question[] {
  const key = makeKey('ed25519', moments.key)
  const sk = makeKey('ed25519', moments.key)
  const revoker = makeKey('ed25519', moments.key)
  const base = primary(key)
  const reason = (code: number): { more: Buffer[] } => ({ more: [sub(29, Buffer.from([code]))] })
  const revoke = (shape: Partial<SignatureShape>): Buffer =>
    overKey(key, { type: 0x20, createdAt: moments.later, ...shape })
  const ring = (revocation: Uint8Array): Buffer => Buffer.concat([base, revocation, userId(key, UID)])
  const withSub = (shape: Partial<SignatureShape>): Buffer =>
    Buffer.concat([
      base,
      userId(key, UID),
      subkey(key, sk),
      overSubkey(key, sk, { createdAt: moments.later, ...shape }),
    ])
  const designation = overKey(key, {
    type: 0x1f,
    more: [SIGN, sub(12, Buffer.concat([Buffer.from([0x80, 22]), revoker.fingerprint]))],
  })
  const byRevoker = overKey(revoker, { type: 0x20, createdAt: moments.later }, key)
  const revokerKey = Buffer.concat([primary(revoker), userId(revoker, 'Rev <rev@example.org>')])
  return [
    one('key revoked, without a reason subpacket', ring(revoke({})), key),
    one('key revoked, no reason', ring(revoke(reason(0))), key),
    one('key revoked, superseded', ring(revoke(reason(1))), key),
    one('key revoked, compromised', ring(revoke(reason(2))), key),
    one('key revoked, retired', ring(revoke(reason(3))), key),
    one('key revoked, unknown reason', ring(revoke(reason(100))), key),
    one(
      'key revoked with a bad signature',
      ring(revoke({ values: (values) => values.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) as Buffer })),
      key,
    ),
    one('key revoked by a stranger', ring(byRevoker), key),
    one(
      'key revoked by its designated revoker',
      Buffer.concat([base, designation, byRevoker, userId(key, UID), revokerKey]),
      key,
    ),
    one(
      'key revoked by an absent designated revoker',
      Buffer.concat([base, designation, byRevoker, userId(key, UID)]),
      key,
    ),
    one('designated revoker who has not revoked', Buffer.concat([base, designation, userId(key, UID)]), key),
    one('subkey revoked, compromised', withSub(reason(2)), sk),
    one('subkey revoked, superseded', withSub(reason(1)), sk),
    one('subkey revoked with a wrong digest prefix', withSub({ prefix: Buffer.from([1, 2]) }), sk),
    one('subkey revoked, primary signs', withSub(reason(2)), key),
    one(
      'primary revoked, subkey signs',
      Buffer.concat([base, revoke(reason(1)), userId(key, UID), subkey(key, sk)]),
      sk,
    ),
    one('key revoked and signature wrong', ring(revoke({})), key, {
      values: (values) => values.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) as Buffer,
    }),
  ]
}

function algorithms(): readonly Question[] {
  const make = (name: string, key: CraftedKey, shape: Partial<SignatureShape> = {}): Question =>
    one(name, Buffer.concat([primary(key), userId(key, UID, { hash: shape.hash ?? 10 })]), key, shape)
  const v6 = makeKey('native25519', moments.key, 6)
  const v6448 = makeKey('native448', moments.key, 6)
  const v6sub = makeKey('native25519', moments.key, 6)
  const direct = (key: CraftedKey): Buffer => overKey(key, { type: 0x1f, hash: 10, more: [SIGN] })
  const over = [v6.framed, v6sub.framed]
  const back = signatureBody({ key: v6sub, type: 0x19, createdAt: moments.key, over, hash: 10 })
  const strong = makeKey('ed25519', moments.key)
  const weak = makeKey('rsa1024', moments.key)
  return [
    make('rsa1024', makeKey('rsa1024', moments.key)),
    make('P-256', makeKey('P-256', moments.key)),
    make('secp256k1', makeKey('secp256k1', moments.key)),
    make('P-384 with sha256', makeKey('P-384', moments.key), { hash: 8 }),
    make('P-384 with sha384', makeKey('P-384', moments.key), { hash: 9 }),
    make('version 4 native Ed25519', makeKey('native25519', moments.key)),
    make('version 4 native Ed448', makeKey('native448', moments.key), { hash: 10 }),
    one(
      'subkey under a weak primary key',
      Buffer.concat([primary(weak), userId(weak, UID), subkey(weak, strong)]),
      strong,
    ),
    one('version 6', Buffer.concat([primary(v6), direct(v6), userId(v6, UID, { hash: 10 })]), v6, { hash: 10 }),
    one('version 6 without user id', Buffer.concat([primary(v6), direct(v6)]), v6),
    one('version 6 Ed448', Buffer.concat([primary(v6448), direct(v6448)]), v6448, { hash: 14 }),
    one('version 6 with a short salt', Buffer.concat([primary(v6), direct(v6)]), v6, { saltLength: 15 }),
    one(
      'version 6 key with a version 4 self-signature',
      Buffer.concat([primary(v6448), overKey(v6448, { type: 0x1f, hash: 10, version: 4, more: [SIGN] })]),
      v6448,
      { hash: 10 },
    ),
    one('version 6 Ed448 with sha256', Buffer.concat([primary(v6448), direct(v6448)]), v6448, { hash: 8 }),
    one('version 6 subkey', Buffer.concat([primary(v6), direct(v6), subkey(v6, v6sub, { back, hash: 10 })]), v6sub),
    one('version 4 signature by a version 6 key', Buffer.concat([primary(v6), direct(v6)]), v6, { version: 4 }),
  ]
}
