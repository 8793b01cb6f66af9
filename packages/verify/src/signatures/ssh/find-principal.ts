import type { AllowedSigner } from './allowed-signers.ts'
import { matchesPattern, matchesPatternList } from './pattern-list.ts'
import { certificateProblem, type SshCertificateProblem } from './ssh-certificate.ts'
import type { SshKey } from './ssh-key.ts'
import type { SshSigner } from './ssh-trust.ts'

/** Why no line lets the key sign. */
export type SshLineProblem =
  | SshCertificateProblem
  | 'unknown_key'
  | 'unknown_certificate_authority'
  | 'principal_not_listed'
  | 'namespace_not_allowed'
  | 'key_not_yet_valid'
  | 'key_expired'

/**
 * - `allowed`: a line lets the key sign for `principal`
 * - `unknown`: `ssh-keygen -Y find-principals` names nobody
 * - `forbidden`: it names someone, but `ssh-keygen -Y verify` refuses all of them
 */
export type SshAuthorization =
  | { readonly outcome: 'allowed'; readonly principal: string; readonly line: AllowedSigner }
  | { readonly outcome: 'unknown' | 'forbidden'; readonly problem: SshLineProblem }

/** An answer, with the seconds from which and until which it is the same. */
interface Standing {
  readonly namespace: string
  readonly from: number
  readonly until: number
  readonly answer: SshAuthorization
}

// A signer is asked about for every signature, and what the lines say of it changes a few times in years.
const lastStanding = new WeakMap<SshSigner, Standing>()

/**
 * Asks, as git does, first who the signer may be at a time, then whether one of them may sign in the namespace.
 * The first question ignores namespaces, and answers with what stands on the line, so a pattern is answered as a pattern.
 */
export function findPrincipal(signer: SshSigner, at: number, namespace: string): SshAuthorization {
  const last = lastStanding.get(signer)
  if (last !== undefined && last.namespace === namespace && last.from <= at && at < last.until) return last.answer
  const standing = { namespace, ...unchanged(signer, at), answer: askLines(signer, at, namespace) }
  lastStanding.set(signer, standing)
  return standing.answer
}

/** The seconds around a time in which no line and no certificate begins or ends. */
function unchanged({ key: { certificate }, lines }: SshSigner, at: number): Pick<Standing, 'from' | 'until'> {
  let [from, until] = [-Infinity, Infinity]
  const turn = (second: number): void => {
    if (second <= at) from = Math.max(from, second)
    else until = Math.min(until, second)
  }
  for (const { validAfter, validBefore } of lines) {
    turn(validAfter ?? -Infinity)
    turn((validBefore ?? Infinity) + 1)
  }
  turn(certificate?.validAfter ?? -Infinity)
  turn(certificate?.validBefore ?? Infinity)
  return { from, until }
}

function askLines(signer: SshSigner, at: number, namespace: string): SshAuthorization {
  const { principals, problem } = principalsAt(signer, at)
  if (principals.length === 0) return { outcome: 'unknown', problem }
  let refusal: SshLineProblem | null = null
  for (const printed of principals) {
    // git reads the answer line by line, and takes a carriage return at the end for part of the line end.
    const principal = printed.replace(/\r$/, '')
    if (principal === '') continue
    for (const line of signer.lines) {
      const problem = problemOfLine(line, signer.key, at, principal, namespace)
      if (problem === null) return { outcome: 'allowed', principal, line }
      refusal ??= problem
    }
  }
  return { outcome: 'forbidden', problem: refusal ?? 'principal_not_listed' }
}

function principalsAt(
  { key, lines }: SshSigner,
  at: number,
): { readonly principals: readonly string[]; readonly problem: SshLineProblem } {
  let problem: SshLineProblem | null = null
  for (const line of lines) {
    const lineProblem = problemOfLine(line, key, at, null, null)
    if (lineProblem !== null) {
      problem ??= lineProblem
      continue
    }
    const listed = untilEmpty(line.principals)
    if (!line.certAuthority) return { principals: listed, problem: 'principal_not_listed' }
    const named = listed.flatMap((pattern) =>
      (key.certificate?.principals ?? []).filter((principal) => matchesPattern(principal, pattern)),
    )
    if (named.length > 0) return { principals: untilEmpty(named.join(',')), problem: 'principal_not_listed' }
    problem ??= 'principal_not_listed'
  }
  return {
    principals: [],
    problem: problem ?? (key.certificate === null ? 'unknown_key' : 'unknown_certificate_authority'),
  }
}

/** OpenSSH stops at the first empty name of a list. */
function untilEmpty(list: string): readonly string[] {
  const names = list.split(',')
  const end = names.indexOf('')
  return end === -1 ? names : names.slice(0, end)
}

function problemOfLine(
  line: AllowedSigner,
  key: SshKey,
  at: number,
  principal: string | null,
  namespace: string | null,
): SshLineProblem | null {
  if (principal !== null && !matchesPatternList(principal, line.principals)) return 'principal_not_listed'
  if (line.certAuthority && key.certificate !== null) {
    const problem = certificateProblem(key.certificate, at, principal)
    if (problem !== null) return problem
  }
  if (namespace !== null && line.namespaces !== null && !matchesPatternList(namespace, line.namespaces)) {
    return 'namespace_not_allowed'
  }
  if (line.validAfter !== null && at < line.validAfter) return 'key_not_yet_valid'
  if (line.validBefore !== null && at > line.validBefore) return 'key_expired'
  return null
}
