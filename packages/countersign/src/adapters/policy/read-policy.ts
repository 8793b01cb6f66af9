import type { TrustMaterial } from '@countersign/verify'
import { parseSshKeyText, printable } from '@countersign/verify'
import { Policy, withEveryRule } from '../../judge/policy.ts'
import type { PolicyBundle } from '../../workflows/policy-bundle.ts'
import { Problem } from '../../workflows/problem.ts'
import { Identities, toIdentityPolicy } from './identities-schema.ts'
import { readControls } from './read-controls.ts'
import { readYaml } from './read-yaml.ts'

/** The largest file that a policy folder may hold. */
export const MAX_POLICY_FILE_BYTES = 4_000_000

/**
 * Reads a policy folder: `policy.yaml`, `identities.yaml`, `controls.yaml` and key material below `keys/` (`allowed_signers`,
 * `*.asc` and `*.pgp` OpenPGP keyrings, `*.pem` X.509 roots and intermediates, `*.rekor.pub` keys of Rekor logs, `*.krl` and
 * `revoked_keys` SSH revocations, `*.md` for people). Anything else there is refused.
 *
 * Throws `Problem` `policy_absent` without a `policy.yaml`, and `policy_malformed` naming file, line and key otherwise.
 */
export function readPolicy(files: ReadonlyMap<string, Uint8Array>, source: PolicyBundle['source']): PolicyBundle {
  const policyFile = files.get('policy.yaml')
  if (policyFile === undefined) throw new Problem('policy_absent', 'the policy folder holds no policy.yaml')
  const policy = withEveryRule(readYaml('policy.yaml', policyFile, Policy))
  const identitiesFile = files.get('identities.yaml')
  const wire: Identities =
    identitiesFile === undefined
      ? { apiVersion: 'countersign.dev/v1', kind: 'Identities', identities: [] }
      : readYaml('identities.yaml', identitiesFile, Identities)
  const controlsFile = files.get('controls.yaml')
  const controls = controlsFile === undefined ? {} : { controls: readControls('controls.yaml', controlsFile) }
  const identities = toIdentityPolicy(wire, fingerprint)
  return { source, policy: { ...policy, ...controls }, identities, trust: trustOf(files, wire) }
}

function fingerprint(line: string): string {
  try {
    return parseSshKeyText(line).key.plain.fingerprint
  } catch (cause) {
    throw new Problem('policy_malformed', `identities.yaml: not an SSH public key: ${line.slice(0, 60)}`, { cause })
  }
}

const KEY_FILES = /^(?:allowed_signers|revoked_keys|.*\.(?:krl|asc|pgp|gpg|pem|rekor\.pub|md)|\.gitkeep)$/s
const KEY_FILE_NAMES =
  'allowed_signers, revoked_keys, *.krl, *.asc, *.pgp, *.gpg, *.pem, *.rekor.pub, and *.md for people'

function trustOf(files: ReadonlyMap<string, Uint8Array>, wire: Identities): TrustMaterial {
  const below = (test: (name: string) => boolean): readonly Uint8Array[] =>
    [...files]
      .filter(([path]) => path.startsWith('keys/') && test(path.slice('keys/'.length)))
      .map(([, bytes]) => bytes)
  // What is misnamed would be trusted by nobody, or worse: revoke nothing.
  const unknown = [...files.keys()].find(
    (path) => path.startsWith('keys/') && !KEY_FILES.test(path.slice('keys/'.length)),
  )
  if (unknown !== undefined) {
    throw new Problem('policy_malformed', `${printable(unknown)}: is none of ${KEY_FILE_NAMES}`)
  }
  const logKeys = below((name) => name.endsWith('.rekor.pub'))
  return {
    allowedSigners: [Buffer.from(allowedSignersOf(wire)), ...below((name) => name === 'allowed_signers')],
    keyrings: below((name) => /\.(asc|pgp|gpg)$/.test(name)),
    x509Roots: below((name) => name.endsWith('.pem')),
    revoked: below((name) => name.endsWith('.krl') || name === 'revoked_keys'),
    ...(logKeys.length === 0 ? {} : { logKeys }),
  }
}

/**
 * The SSH keys of all identities in OpenSSH's own format. Validity stays out of it: the identity policy judges that, with a
 * reason of its own, where a line's `valid-before` would only make the key unknown.
 */
function allowedSignersOf(wire: Identities): string {
  const lines = wire.identities.flatMap(({ id, emails, keys }) =>
    keys.flatMap((key) => {
      const principals = quote(emails.length === 0 ? id : emails.join(','))
      if ('ssh' in key) return [`${principals} namespaces="git" ${key.ssh}`]
      if (!('sshCertificate' in key)) return []
      const { authority, principal } = key.sshCertificate
      return [`${quote(principal)} cert-authority,namespaces="git" ${authority}`]
    }),
  )
  return lines.map((line) => `${line}\n`).join('')
}

function quote(principals: string): string {
  return `"${principals.replaceAll('"', '')}"`
}
