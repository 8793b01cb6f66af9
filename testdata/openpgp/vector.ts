/** A signed payload, and what git and gpg answered about it. */
export interface Vector extends Question<number> {
  readonly git: string
  readonly key: string | null
  readonly fingerprint: string | null
  readonly primaryFingerprint: string | null
  readonly principal: string | null
}

/** A signed payload with the keyring to check it against: base64 here, an index into {@link Recording} when recorded. */
export interface Question<Keyring = string> {
  readonly name: string
  readonly keyring: Keyring
  readonly now: number
  readonly payload: string
  readonly armor: string
}

/** The contents of `vectors.json`. */
export interface Recording {
  /** Keyring files, base64. */
  readonly keyrings: readonly string[]
  readonly vectors: readonly Vector[]
}

/** When the keys are made, the payloads are signed, and gpg is asked, in Unix seconds. */
export const moments = { key: 1_700_000_000, signed: 1_720_000_000, later: 1_750_000_000, now: 1_795_000_000 } as const

/** The text of a commit made at this time. */
export function commitText(message: string, at: number = moments.signed): string {
  const person = `C. Committer <committer@example.org> ${at} +0000`
  return `tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor ${person}\ncommitter ${person}\n\n${message}\n`
}
