import { readCommit } from './git/commit.ts'
import { GitObjectError } from './git/git-object-error.ts'
import { headerText } from './git/header-lines.ts'
import { claimedTime } from './git/ident.ts'
import { computeObjectId, type ObjectFormat, objectFormatOf } from './git/object-id.ts'
import { type SignedContent, schemeOf, splitCommit, splitTag } from './git/signed-content.ts'
import { parseTag } from './git/tag.ts'
import { checkOpenPgpSignature } from './signatures/openpgp/check-openpgp-signature.ts'
import type { Keyring } from './signatures/openpgp/keyring.ts'
import type { SignatureCheck, SignatureStatus, SignatureTimes } from './signatures/signature.ts'
import { checkSshSignature, type SshTrust } from './signatures/ssh/check-ssh-signature.ts'
import { checkX509Signature, type X509Trust } from './signatures/x509/check-x509-signature.ts'
import type { Verdict } from './verdict/verdict.ts'

/** Whom to trust, one field a scheme. */
export interface TrustRoots {
  readonly ssh: SshTrust
  readonly openpgp: Keyring
  readonly x509: X509Trust
}

/** When an object is judged; see {@link SignatureTimes}. */
export interface EvaluationTimes {
  readonly now: number
  readonly trusted: number | null
}

/** What one commit or tag proves about itself. */
export interface ObjectCheck {
  readonly object: string
  readonly type: 'commit' | 'tag'
  readonly signature: SignatureCheck
  /** One check for each signed tag that a merge commit carries inside. */
  readonly mergetags: readonly SignatureCheck[]
  readonly verdict: Verdict
}

/**
 * Checks that a body is the object that `id` names, is well-formed, and is signed by somebody in `roots`.
 *
 * Never throws for what the bytes hold: every defect is a status with a reason. `pass` means a good signature over exactly
 * this object; whether the signer was allowed to make it is for the identity policy to say.
 */
export function verifyObject(
  id: string,
  type: 'commit' | 'tag',
  body: Uint8Array,
  format: ObjectFormat,
  roots: TrustRoots,
  times: EvaluationTimes,
): ObjectCheck {
  const headers = headerText(body)
  const content = type === 'commit' ? splitCommit(body, format, headers) : splitTag(body)
  const signature =
    type === 'commit'
      ? checkContent(content, claimedTime(headers, 'committer'), roots, times)
      : checkTag(content, roots, times)
  const { defect, mergetags } = inspect(id, type, body, headers, format)
  const fault = defect ?? content.oddity
  const judged = fault === null ? signature : refuse(signature, fault)
  return {
    object: id,
    type,
    signature: judged,
    mergetags: defect === null ? mergetags.map((tag) => checkTag(splitTag(tag), roots, times)) : [],
    verdict: verdictOf(judged.status),
  }
}

/** The verdict that a signature's status amounts to, where nothing but the signature is asked for. */
export function verdictOf(status: SignatureStatus): Verdict {
  if (status === 'good') return 'pass'
  return status === 'unverifiable' ? 'indeterminate' : 'fail'
}

/** What is wrong with an object itself, whoever signed it, and the tags that it carries inside. */
interface Inspection {
  readonly defect: string | null
  readonly mergetags: readonly Uint8Array[]
}

function inspect(
  id: string,
  type: 'commit' | 'tag',
  body: Uint8Array,
  headers: string,
  format: ObjectFormat,
): Inspection {
  if (computeObjectId(type, body, format) !== id) return { defect: 'object_id_mismatch', mergetags: [] }
  try {
    const { tree: names, mergetags } =
      type === 'commit' ? readCommit(headers) : { tree: parseTag(body).object, mergetags: [] }
    return { defect: objectFormatOf(names) === format ? null : 'malformed_object_bad_header', mergetags }
  } catch (error) {
    if (error instanceof GitObjectError) return { defect: `malformed_object_${error.code}`, mergetags: [] }
    throw error
  }
}

function refuse(check: SignatureCheck, reason: string): SignatureCheck {
  // What the signature itself lacks is the better reason: a defect only takes away what would have been good.
  return check.status === 'good' ? { ...check, status: 'malformed', reason } : check
}

function checkTag(content: SignedContent, roots: TrustRoots, evaluation: EvaluationTimes): SignatureCheck {
  return checkContent(content, claimedTime(headerText(content.payload), 'tagger'), roots, evaluation)
}

function checkContent(
  content: SignedContent,
  claimed: number | null,
  roots: TrustRoots,
  evaluation: EvaluationTimes,
): SignatureCheck {
  if (content.signature === null) return unsigned('unsigned', 'N', 'unsigned')
  const check = checkScheme(content.payload, content.signature, roots, { ...evaluation, claimed: claimed ?? 0 })
  return claimed === null ? { ...check, git: 'N' } : check
}

function checkScheme(
  payload: Uint8Array,
  signature: Uint8Array,
  roots: TrustRoots,
  times: SignatureTimes,
): SignatureCheck {
  switch (schemeOf(signature)) {
    case 'ssh':
      return checkSshSignature(payload, signature, roots.ssh, times)
    case 'openpgp':
      return checkOpenPgpSignature(payload, signature, roots.openpgp, times)
    case 'x509':
      return checkX509Signature(payload, signature, roots.x509, times)
    case null:
      return unsigned('malformed', 'E', 'unknown_signature_format')
  }
}

function unsigned(status: SignatureStatus, git: 'N' | 'E', reason: string): SignatureCheck {
  return {
    scheme: null,
    status,
    git,
    reason,
    key: null,
    fingerprint: null,
    primaryFingerprint: null,
    principal: null,
    signedAt: null,
    details: {},
  }
}
