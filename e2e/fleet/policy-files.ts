import { stringify } from 'yaml'
import type { Person } from './people.ts'

/** A service that signs, such as a forge. */
export interface SigningService {
  readonly id: string
  readonly name: string
  readonly email: string
  /** A public key line of OpenSSH. */
  readonly publicKey: string
}

/** The name that accounts of the fleet's forge go by in identities. */
export const FORGE_ID = 'gitea'

const POLICY = {
  apiVersion: 'countersign.dev/v1',
  kind: 'Policy',
  controlledRefs: { branches: ['main', 'release/**'], tags: ['v*'] },
  rules: { 'ticket-referenced': { mode: 'warn', pattern: 'SHOP-[0-9]+' } },
}

/** The files of `.countersign/` for these people, with the forge's own key allowed to sign merges, squashes and rebases. */
export function policyFiles(people: readonly Person[], forge: SigningService | null): ReadonlyMap<string, string> {
  const services = forge === null ? [] : [forge]
  const allow = Object.fromEntries(services.map(({ id }) => [id, ['merge', 'squash', 'rebase']]))
  const rules = { ...POLICY.rules, 'services-in-their-place': { allow } }
  const identities = [
    ...people.map(({ id, name, email, scheme, publicKey, signingKey }) => ({
      id,
      name,
      emails: [email],
      accounts: [{ forge: FORGE_ID, login: id }],
      keys: [scheme === 'ssh' ? { ssh: publicKey } : { openpgp: signingKey }],
    })),
    ...services.map(({ id, name, email, publicKey }) => ({
      id,
      kind: 'service',
      name,
      emails: [email],
      keys: [{ ssh: publicKey }],
    })),
  ]
  const armours = people.filter(({ scheme }) => scheme === 'openpgp')
  return new Map([
    ['.countersign/policy.yaml', yaml({ ...POLICY, rules })],
    ['.countersign/identities.yaml', yaml({ apiVersion: POLICY.apiVersion, kind: 'Identities', identities })],
    ...armours.map(({ id, publicKey }) => [`.countersign/keys/${id}.asc`, `${publicKey}\n`] as const),
  ])
}

function yaml(value: object): string {
  return stringify(value, { lineWidth: 0 })
}
