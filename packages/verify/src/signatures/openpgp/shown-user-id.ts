import { printable } from '../../bytes/encoding.ts'
import type { UserId } from './keyring.ts'
import type { SignaturePacket } from './signature-packet.ts'

/** A user id with a self-signature that holds; `state` is the newest one, null when that revokes it or has expired. */
export interface Identity {
  readonly userId: UserId
  readonly state: SignaturePacket | null
}

/**
 * The user id that gpg 2.2 prints with a signature: the newest live one flagged primary, else the newest live one, else the
 * first there is; null when none is text.
 */
export function shownUserId(identities: readonly Identity[]): string | null {
  const texts = identities.filter(({ userId }) => userId.isText)
  const live = texts.filter(({ state }) => state !== null)
  const flagged = live.filter(({ state }) => state?.hashed.primaryUserId)
  const pool = flagged.length > 0 ? flagged : live
  const best = pool.reduce<Identity | undefined>((a, b) => (a === undefined || isShownBefore(b, a) ? b : a), undefined)
  const body = (best ?? texts[0])?.userId.body
  return body === undefined ? null : escapeLikeGpg(body)
}

function isShownBefore(a: Identity, b: Identity): boolean {
  const [left, right] = [a.state?.createdAt ?? 0, b.state?.createdAt ?? 0]
  if (left !== right) return left > right
  const [long, short] = [a.userId.body, b.userId.body]
  return long.length === short.length ? Buffer.compare(long, short) > 0 : long.length > short.length
}

/** gpg writes control characters and `%` as `%` and two hex digits in its status lines. */
function escapeLikeGpg(body: Uint8Array): string {
  const escaped = Array.from(body, (byte) =>
    byte < 0x20 || byte === 0x7f || byte === 0x25
      ? Buffer.from(`%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      : Uint8Array.of(byte),
  )
  return printable(Buffer.concat(escaped).toString('utf8'))
}
