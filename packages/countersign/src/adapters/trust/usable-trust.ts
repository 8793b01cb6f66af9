import { readTrustRoots, type TrustMaterial, type TrustProblem } from '@countersign/verify'
import { Problem } from '../../workflows/problem.ts'

const NOTHING: TrustMaterial = { allowedSigners: [], keyrings: [], x509Roots: [], revoked: [] }

/** What each kind of key material is called, in the order in which it is looked at. */
const NAMES: Readonly<Record<keyof TrustMaterial, string>> = {
  allowedSigners: 'SSH allowed signers',
  keyrings: 'OpenPGP keyring',
  x509Roots: 'X.509 certificates',
  revoked: 'SSH revocation list',
  logKeys: 'Rekor public key',
}
const KINDS = Object.keys(NAMES) as readonly (keyof TrustMaterial)[]

/** Error classes of bad key material; anything else is a fault of ours and stays one. */
const BAD_MATERIAL = ['SshError', 'OpenPgpError', 'X509Error', 'BytesError']

/**
 * Establishes that key material can be read as a whole. Throws `Problem` with the given code, naming where it lies, its kind
 * and the reason.
 *
 * @param whereIs the file that a part was read from
 */
export function requireUsableTrust(
  trust: TrustMaterial,
  code: 'trust_file_malformed' | 'policy_malformed',
  whereIs: (kind: keyof TrustMaterial, index: number) => string,
): void {
  const all = faultOf(trust)
  if (all === null) return
  for (const kind of KINDS) {
    for (const [index, part] of (trust[kind] ?? []).entries()) {
      const fault = faultOf({ ...NOTHING, [kind]: [part] })
      if (fault !== null) throw asProblem(code, `${whereIs(kind, index)}: ${NAMES[kind]}`, fault)
    }
  }
  throw asProblem(code, 'the key material together', all)
}

/** One line for people about a part that counts for nothing. */
export function describeTrustProblem({ kind, line, code, message }: TrustProblem): string {
  return `${NAMES[kind]}${line === null ? '' : `, line ${line}`}: ${message} (${code}); it counts for nothing`
}

function faultOf(trust: TrustMaterial): (Error & { readonly code: string }) | null {
  try {
    readTrustRoots(trust)
    return null
  } catch (error) {
    if (error instanceof Error && BAD_MATERIAL.includes(error.name) && 'code' in error) {
      return Object.assign(error, { code: String(error.code) })
    }
    throw error
  }
}

function asProblem(code: Problem['code'], what: string, cause: Error & { readonly code: string }): Problem {
  return new Problem(code, `${what}: ${cause.message} (${cause.code})`, { cause })
}
