import type { Json } from '../bytes/canonical-json.ts'
import type {
  Identity,
  IdentityKey,
  IdentityPolicy,
  KeyLife,
  Revocation,
  Validity,
} from '../identity/identity-policy.ts'
import { openDocument, sealDocument } from './sealed-document.ts'
import {
  base64,
  integer,
  list,
  nullable,
  objectId,
  oneOf,
  opaque,
  optional,
  record,
  type Shape,
  text,
  variants,
} from './shape.ts'

/**
 * Everything that a change is judged by, as it was in force. What the rules demand is left to whoever judges: here it is
 * an object that is not looked into. docs/formats/policy-bundle.md describes the sealed form.
 */
export interface SealedBundle {
  /** Where it was read: a tree of the repository itself, a folder that somebody named, or what Countersign ships. */
  readonly source:
    | { readonly kind: 'repository'; readonly tree: string }
    | { readonly kind: 'folder' }
    | { readonly kind: 'built-in' }
  readonly policy: { readonly [key: string]: Json }
  readonly identities: IdentityPolicy
  readonly trust: TrustParts
}

/** Key material in the formats of git, ssh-keygen and gpg: what `readTrustRoots` reads. */
export interface TrustParts {
  readonly allowedSigners: readonly Uint8Array[]
  readonly keyrings: readonly Uint8Array[]
  readonly x509Roots: readonly Uint8Array[]
  readonly revoked: readonly Uint8Array[]
  readonly logKeys?: readonly Uint8Array[]
}

const FORMAT = 'https://countersign.dev/formats/policy-bundle/v1'

const validity = record<Validity>({ from: nullable(integer), until: nullable(integer) })
const revocation = record<Revocation>({
  at: integer,
  why: oneOf(['compromised', 'superseded', 'retired', 'unspecified']),
})
const life = { validity, revoked: nullable(revocation) } satisfies { [K in keyof KeyLife]: Shape<KeyLife[K]> }

const key = variants<IdentityKey, 'scheme'>('scheme', {
  ssh: record({ scheme: oneOf(['ssh']), fingerprint: text, ...life }),
  openpgp: record({ scheme: oneOf(['openpgp']), fingerprint: text, ...life }),
  'ssh-certificate': record({ scheme: oneOf(['ssh-certificate']), authority: text, principal: text, ...life }),
  x509: record({ scheme: oneOf(['x509']), name: text, issuer: nullable(text), ...life }),
})

const identity = record<Identity>({
  id: text,
  kind: oneOf(['person', 'service', 'agent']),
  name: text,
  emails: list(text),
  accounts: list(record({ forge: text, login: text })),
  roles: list(text),
  sponsor: nullable(text),
  validity,
  keys: list(key),
})

const shape = record<SealedBundle & { readonly format: string }>({
  format: oneOf([FORMAT]),
  source: variants<SealedBundle['source'], 'kind'>('kind', {
    repository: record({ kind: oneOf(['repository']), tree: objectId }),
    folder: record({ kind: oneOf(['folder']) }),
    'built-in': record({ kind: oneOf(['built-in']) }),
  }),
  policy: opaque,
  identities: record({ identities: list(identity) }),
  trust: record<TrustParts>({
    allowedSigners: list(base64),
    keyrings: list(base64),
    x509Roots: list(base64),
    revoked: list(base64),
    logKeys: optional(list(base64)) as Shape<readonly Uint8Array[]>,
  }),
})

/** The sealed bytes of a bundle. Throws as `sealDocument` does. */
export function sealPolicyBundle(bundle: SealedBundle): Uint8Array {
  return sealDocument({ format: FORMAT, ...bundle })
}

/** Reads back what {@link sealPolicyBundle} wrote. Throws {@link EvidenceError} as `openDocument` does. */
export function openPolicyBundle(bytes: Uint8Array): SealedBundle {
  const { format: _format, ...bundle } = openDocument(bytes, 'policy-bundle', shape)
  return bundle
}
