/** A signing key that must not be used, or cannot be. */
export class SigningKeyError extends Error {
  override readonly name = 'SigningKeyError'
  readonly code:
    | 'key_missing'
    | 'key_retired'
    | 'key_permissions'
    | 'key_not_a_file'
    | 'key_damaged'
    | 'key_unsupported'
    | 'key_inaccessible'

  constructor(code: SigningKeyError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The Ed25519 key with which Countersign signs evidence and checkpoints. The private half never leaves it. */
export interface SigningKey {
  /** `envelopeKeyId` of the public key. */
  readonly keyId: string
  /** The public key, 32 raw bytes. */
  readonly publicKey: Uint8Array
  /** Returns the Ed25519 signature over the bytes. */
  readonly sign: (bytes: Uint8Array) => Uint8Array
  /** The same signature, made on another thread: for whoever has something else to do meanwhile. */
  readonly signApart?: (bytes: Uint8Array) => Promise<Uint8Array>
}
