import type { Identity, IdentityKey, IdentityPolicy, Revocation, Validity } from '@countersign/verify'
import { z } from 'zod'
import { foldedName } from './folded-name.ts'

/**
 * `.countersign/identities.yaml`: who is trusted, with which keys, from when until when. The wire shape is here; the rest of
 * Countersign sees {@link IdentityPolicy}. docs/schemas/identities.json is generated from it.
 */

const moment = z.iso.datetime({ offset: true }).or(z.iso.date())

const life = {
  validFrom: moment.optional(),
  validUntil: moment.optional(),
  revokedAt: moment.optional(),
  revokedWhy: z.enum(['compromised', 'superseded', 'retired', 'unspecified']).optional(),
}

/** Names end up in lines of an allowed signers file, which a line break or a quotation mark would break up. */
const name = z.string().regex(/^[^\p{Cc}"<>]+$/u, 'must be text without control characters, quotation marks, < and >')

const sshKey = z
  .string()
  .regex(/^[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?$/, 'must be a public key line: TYPE BASE64 [COMMENT]')

const Key = z.union(
  [
    z.strictObject({ ssh: sshKey, ...life }),
    z.strictObject({ sshCertificate: z.strictObject({ authority: sshKey, principal: name }), ...life }),
    z.strictObject({
      openpgp: z
        .string()
        .regex(
          /^ *(?:(?:[0-9A-Fa-f] *){40}|(?:[0-9A-Fa-f] *){64})$/,
          'must be a whole fingerprint: 40 or 64 hex digits',
        ),
      ...life,
    }),
    z.strictObject({
      x509: z.strictObject({ name: z.string().min(1), issuer: z.string().min(1).optional() }),
      ...life,
    }),
  ],
  'must hold exactly one of ssh, sshCertificate, openpgp and x509, and nothing else but validFrom, validUntil, revokedAt, revokedWhy',
)
type Key = z.infer<typeof Key>

const WireIdentity = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must be lower-case letters, digits, dots, dashes and underscores'),
    kind: z.enum(['person', 'service', 'agent']).default('person'),
    name: z.string().min(1),
    emails: z.array(name).default([]),
    accounts: z.array(z.strictObject({ forge: z.string().min(1), login: z.string().min(1) })).default([]),
    roles: z.array(z.string().min(1)).default([]),
    sponsor: z.string().optional(),
    validFrom: moment.optional(),
    validUntil: moment.optional(),
    keys: z.array(Key).default([]),
  })
  .refine((identity) => (identity.kind === 'agent') === (identity.sponsor !== undefined), {
    path: ['sponsor'],
    error: 'must name the person who answers for an agent, and stand for nobody else',
  })
type WireIdentity = z.infer<typeof WireIdentity>

export const Identities = z
  .strictObject({
    apiVersion: z.literal('countersign.dev/v1'),
    kind: z.literal('Identities'),
    identities: z.array(WireIdentity),
  })
  .superRefine(({ identities }, context) => {
    const byId = new Map(identities.map((identity) => [identity.id, identity]))
    const owners = new Map<string, string>()
    for (const [index, { id, sponsor, emails, accounts }] of identities.entries()) {
      // Two identities with one e-mail would be two people to the rules and one person to everybody else.
      const names = [
        ...emails.map((email, at) => ({ name: email, key: ['emails', at] })),
        ...accounts.map(({ forge, login }, at) => ({ name: `${forge}/${login}`, key: ['accounts', at] })),
      ]
      for (const { name, key } of names) {
        const owner = owners.get(foldedName(name)) ?? id
        owners.set(foldedName(name), owner)
        if (owner === id) continue
        context.addIssue({
          code: 'custom',
          path: ['identities', index, ...key],
          message: `"${name}" belongs to "${owner}" already`,
        })
      }
      if (identities.findIndex((other) => other.id === id) !== index) {
        context.addIssue({ code: 'custom', path: ['identities', index, 'id'], message: `"${id}" stands twice` })
      }
      if (sponsor !== undefined && byId.get(sponsor)?.kind !== 'person') {
        context.addIssue({
          code: 'custom',
          path: ['identities', index, 'sponsor'],
          message: `"${sponsor}" is not a person of this file`,
        })
      }
    }
  })
export type Identities = z.infer<typeof Identities>

/** Turns public keys into the fingerprints that signatures are compared by. */
export type Fingerprint = (publicKeyLine: string) => string

/** The identity policy that the file says. `fingerprint` throws for a line that is no SSH public key. */
export function toIdentityPolicy(wire: Identities, fingerprint: Fingerprint): IdentityPolicy {
  return { identities: wire.identities.map((identity) => toIdentity(identity, fingerprint)) }
}

function toIdentity(wire: WireIdentity, fingerprint: Fingerprint): Identity {
  const { id, kind, name, emails, accounts, roles } = wire
  const keys = wire.keys.map((key) => toKey(key, fingerprint))
  return { id, kind, name, emails, accounts, roles, sponsor: wire.sponsor ?? null, validity: validityOf(wire), keys }
}

function toKey(key: Key, fingerprint: Fingerprint): IdentityKey {
  const times = { validity: validityOf(key), revoked: revocationOf(key) }
  if ('ssh' in key) return { scheme: 'ssh', fingerprint: fingerprint(key.ssh), ...times }
  if ('openpgp' in key)
    return { scheme: 'openpgp', fingerprint: key.openpgp.replaceAll(' ', '').toUpperCase(), ...times }
  if ('x509' in key) return { scheme: 'x509', name: key.x509.name, issuer: key.x509.issuer ?? null, ...times }
  const { authority, principal } = key.sshCertificate
  return { scheme: 'ssh-certificate', authority: fingerprint(authority), principal, ...times }
}

type Window = { readonly validFrom?: string | undefined; readonly validUntil?: string | undefined }

function validityOf({ validFrom, validUntil }: Window): Validity {
  return {
    from: validFrom === undefined ? null : seconds(validFrom),
    until: validUntil === undefined ? null : endOf(validUntil),
  }
}

function revocationOf({ revokedAt, revokedWhy }: Pick<Key, 'revokedAt' | 'revokedWhy'>): Revocation | null {
  if (revokedAt === undefined) return revokedWhy === undefined ? null : { at: 0, why: revokedWhy }
  return { at: seconds(revokedAt), why: revokedWhy ?? 'unspecified' }
}

function seconds(text: string): number {
  return Math.floor(Date.parse(text) / 1000)
}

/** A day without a time of day lasts until its last second. */
function endOf(text: string): number {
  return text.includes('T') ? seconds(text) : seconds(text) + 86_399
}
