import { ObjectStoreError } from '../../../workflows/ports/object-store.ts'

/** What the service, or the way to it, answered instead of doing what was asked. */
export class S3Failure extends ObjectStoreError {
  /** The service's own code, or the system's. */
  readonly reason: string
  /** The HTTP status; null when there was no answer. */
  readonly status: number | null
  /** Whether the same request may do a moment later. */
  readonly mayPass: boolean

  constructor(
    code: ObjectStoreError['code'],
    reason: string,
    status: number | null,
    mayPass: boolean,
    message: string,
  ) {
    super(code, message)
    this.reason = reason
    this.status = status
    this.mayPass = mayPass
  }
}

/**
 * Makes a failure of what the SDK threw. Nothing of the request, of credentials or of a signature gets into it, so it has no cause:
 * a service quotes all of them. `otherwise` is the code of a refusal that means nothing else.
 */
export function s3Failure(error: unknown, otherwise: 'read_failed' | 'write_failed'): S3Failure {
  const { reason, status, requestId } = answerOf(error)
  const mayPass = canPass(reason, status)
  const code = codeFor(reason, status, mayPass, otherwise)
  const said =
    status === null ? `the object store does not answer (${reason})` : `the object store says ${reason} (${status})`
  const hint = HINTS[reason]
  const message = [
    said,
    ...(hint === undefined ? [] : [hint]),
    ...(requestId === '' ? [] : [`request ${requestId}`]),
  ].join('; ')
  return new S3Failure(code, reason, status, mayPass, message)
}

interface Answer {
  readonly reason: string
  readonly status: number | null
  readonly requestId: string
}

function answerOf(error: unknown): Answer {
  const said = (typeof error === 'object' && error !== null ? error : {}) as Readonly<Record<string, unknown>>
  const about = (said['$metadata'] ?? {}) as Readonly<Record<string, unknown>>
  const status = typeof about['httpStatusCode'] === 'number' ? about['httpStatusCode'] : null
  // Only what is a plain word: an answer may hold anything, also what was sent.
  const words = [said['Code'], status === null ? said['code'] : undefined, said['name']].filter(isWord)
  const isRegionless = said['message'] === 'Region is missing'
  return {
    reason: isRegionless ? 'RegionMissing' : reasonOf(words, status),
    status,
    requestId: isWord(about['requestId']) ? about['requestId'] : '',
  }
}

/** The reason that a service gives; without one, which a HEAD cannot have and a damaged answer has lost, what the status says. */
function reasonOf([word = 'Unknown']: readonly string[], status: number | null): string {
  if (status === 412) return 'PreconditionFailed'
  if (status === 403 && NO_REASON.includes(word)) return 'AccessDenied'
  return word
}

const NO_REASON = ['Unknown', 'UnknownError', 'Error']

function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9._-]{1,80}$/.test(value)
}

/** Refusals that stay, whatever their status and however there was no answer. */
const LASTING = ['CredentialsProviderError', 'RegionMissing', 'NotImplemented', 'ERR_INVALID_URL']
/** Refusals that do not, although their status says that the request was wrong. */
const PASSING = [
  'ConditionalRequestConflict',
  'OperationAborted',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequests',
  // What arrived is not what was sent.
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'IncompleteBody',
  'NoSuchVersion',
]

function canPass(reason: string, status: number | null): boolean {
  if (LASTING.includes(reason)) return false
  // An error without a reason, and a success that could not be read, are answers that were damaged on their way.
  if (PASSING.includes(reason) || NO_REASON.includes(reason)) return true
  return status === null || status < 300 || status >= 500 || status === 408 || status === 429
}

const UNAVAILABLE = [
  'NoSuchBucket',
  'CredentialsProviderError',
  'RegionMissing',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
]
const FULL = ['QuotaExceeded', 'InsufficientStorage', 'XMinioStorageFull', 'InsufficientCapacity']
const NO_PATH = ['KeyTooLongError', 'ObjectParentIsFile', 'ExistingObjectIsDirectory']

function codeFor(
  reason: string,
  status: number | null,
  mayPass: boolean,
  otherwise: 'read_failed' | 'write_failed',
): ObjectStoreError['code'] {
  if (FULL.includes(reason) || status === 507) return 'disk_full'
  if (NO_PATH.includes(reason)) return 'bad_path'
  if (UNAVAILABLE.includes(reason) || mayPass) return 'store_unavailable'
  return otherwise
}

const HINTS: Readonly<Record<string, string>> = {
  CredentialsProviderError: 'no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  RegionMissing: 'no region was named: add region= to its URL, or set AWS_REGION',
  InvalidAccessKeyId: 'it does not know the access key',
  SignatureDoesNotMatch: 'the secret key is not the one of the access key',
  RequestTimeTooSkewed: 'the clock of this machine is wrong',
  PermanentRedirect: 'the bucket is in another region',
  AuthorizationHeaderMalformed: 'the bucket is in another region',
  AccessDenied: 'the policy of the user or of the bucket does not allow it',
}
