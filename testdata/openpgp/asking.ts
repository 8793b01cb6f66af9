import { armor, type CraftedKey, type SignatureShape, signature } from './craft.ts'
import { commitText, moments, type Question } from './vector.ts'

/** A question about this armour, checked against this keyring. */
export function ask(
  name: string,
  keyring: Uint8Array,
  armored: string,
  payload: string,
  now: number = moments.now,
): Question {
  return { name, keyring: Buffer.from(keyring).toString('base64'), now, payload, armor: armored }
}

/** A signature packet over `payload`, ordinary but for `shape`. */
export function sign(key: CraftedKey, payload: string, shape: Partial<SignatureShape> = {}): Buffer {
  return signature({ key, type: 0, createdAt: moments.signed, over: [Buffer.from(payload)], ...shape })
}

/** A question about one signature by `key`, which differs from an ordinary one by `shape`. */
export function one(name: string, keyring: Uint8Array, key: CraftedKey, shape: Partial<SignatureShape> = {}): Question {
  const payload = commitText(name)
  return ask(name, keyring, armor('SIGNATURE', sign(key, payload, shape)), payload)
}
