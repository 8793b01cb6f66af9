import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3'
import { sha256 } from '@countersign/verify'
import { ObjectStoreError } from '../../../workflows/ports/object-store.ts'
import type { Bucket, KeyPage, KeyVersion, PageMark, PutTerms, VersionLock } from './bucket.ts'
import type { S3Place } from './object-store-url.ts'
import type { Patience } from './retry.ts'
import { S3Failure, s3Failure } from './s3-failure.ts'

type Sdk = typeof import('@aws-sdk/client-s3')
type Way = 'read_failed' | 'write_failed'

/**
 * Opens a bucket with the SDK of AWS, which is loaded now. Credentials are found as that SDK does, the environment first, when the first
 * request is sent. Nothing is asked of the service yet.
 */
export async function openBucket(place: S3Place, patience: Patience): Promise<Bucket> {
  const sdk = await import('@aws-sdk/client-s3')
  const region = place.region ?? (place.endpoint === null ? null : 'us-east-1')
  const client = new sdk.S3Client({
    ...(region === null ? {} : { region }),
    ...(place.endpoint === null ? {} : { endpoint: place.endpoint }),
    forcePathStyle: place.pathStyle,
    // Who sends again must know what it means: see retry.ts. And checksums are our own: SHA-256, in both directions.
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Redirects would send signed requests to a host that nobody named.
    followRegionRedirects: false,
    requestHandler: { connectionTimeout: Math.min(5_000, patience.requestMs) },
  })
  return new SdkBucket(sdk, client, place, patience)
}

class SdkBucket implements Bucket {
  readonly #sdk: Sdk
  readonly #client: S3Client
  readonly #base: { readonly Bucket: string; readonly ExpectedBucketOwner?: string }
  readonly #patience: Patience

  constructor(sdk: Sdk, client: S3Client, { bucket, owner }: S3Place, patience: Patience) {
    this.#sdk = sdk
    this.#client = client
    this.#base = { Bucket: bucket, ...(owner === null ? {} : { ExpectedBucketOwner: owner }) }
    this.#patience = patience
  }

  async isVersioned(): Promise<boolean> {
    const command = new this.#sdk.GetBucketVersioningCommand(this.#base)
    const answer = await this.#unless(['NotImplemented'], 'read_failed', (signal) => this.#client.send(command, signal))
    return answer?.Status === 'Enabled'
  }

  async hasObjectLock(): Promise<boolean> {
    const command = new this.#sdk.GetObjectLockConfigurationCommand(this.#base)
    const answer = await this.#unless(
      ['ObjectLockConfigurationNotFoundError', 'NotImplemented'],
      'read_failed',
      (signal) => this.#client.send(command, signal),
    )
    return answer?.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
  }

  async put(key: string, bytes: Uint8Array, { over, lock, type, caching }: PutTerms): Promise<string | null> {
    const command = new this.#sdk.PutObjectCommand({
      ...this.#base,
      Key: key,
      Body: bytes,
      ContentType: type,
      CacheControl: caching,
      ChecksumSHA256: Buffer.from(sha256(bytes)).toString('base64'),
      ...(over === 'nothing' ? { IfNoneMatch: '*' } : over === null ? {} : { IfMatch: over.etag }),
      ...(lock.until === 0
        ? {}
        : { ObjectLockMode: 'COMPLIANCE' as const, ObjectLockRetainUntilDate: new Date(lock.until) }),
      ...(lock.isHeld ? { ObjectLockLegalHoldStatus: 'ON' as const } : {}),
    })
    const slowest = bytes.length / SLOWEST_BYTES_PER_MS
    const answer = await this.#send('write_failed', (signal) => this.#client.send(command, signal), slowest)
    return answer.VersionId ?? null
  }

  async etag(key: string): Promise<string | null> {
    const command = new this.#sdk.HeadObjectCommand({ ...this.#base, Key: key })
    const answer = await this.#unless(ABSENT, 'read_failed', (signal) => this.#client.send(command, signal))
    return answer?.ETag ?? null
  }

  async read(key: string, id: string | null, maxBytes: number): Promise<Uint8Array | null> {
    const command = new this.#sdk.GetObjectCommand({
      ...this.#base,
      Key: key,
      ChecksumMode: 'ENABLED',
      ...(id === null ? {} : { VersionId: id }),
    })
    const answer = await this.#unless(ABSENT, 'read_failed', (signal) => this.#client.send(command, signal))
    if (answer === null) return null
    const bytes = await readBody(answer, maxBytes, this.#patience.requestMs)
    const stored = answer.ChecksumSHA256
    if (stored === undefined) {
      throw new S3Failure(
        'object_corrupt',
        'NoChecksum',
        200,
        false,
        'the object has no SHA-256: something else stored it',
      )
    }
    if (stored !== Buffer.from(sha256(bytes)).toString('base64')) throw otherBytes()
    return bytes
  }

  async *versions(key: string): AsyncGenerator<KeyVersion> {
    let mark: PageMark | null = null
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      // Nearly always there is one version, and the keys behind it are of no interest.
      const page = await this.#versionPage(key, mark, pages === 0 ? 2 : PAGE)
      for (const version of page.versions) if (version.key === key) yield version
      mark = page.next
      if (mark === null || page.versions.some((version) => version.key !== key)) return
    }
    throw new S3Failure(
      'read_failed',
      'TooManyVersions',
      null,
      false,
      `more than ${MAX_PAGES * PAGE} versions lie under a key`,
    )
  }

  async keys(prefix: string, from: PageMark | null): Promise<KeyPage> {
    const { versions, next } = await this.#versionPage(prefix, from, PAGE)
    return { keys: [...new Set(versions.filter(({ isMarker }) => !isMarker).map(({ key }) => key))], next }
  }

  async remove(key: string, id: string | null): Promise<void> {
    const command = new this.#sdk.DeleteObjectCommand({
      ...this.#base,
      Key: key,
      ...(id === null ? {} : { VersionId: id }),
    })
    await this.#unless(ABSENT, 'write_failed', (signal) => this.#client.send(command, signal))
  }

  async lockOf(key: string, id: string): Promise<VersionLock> {
    const version = { ...this.#base, Key: key, VersionId: id }
    const retention = await this.#unless(NO_LOCK, 'read_failed', (signal) =>
      this.#client.send(new this.#sdk.GetObjectRetentionCommand(version), signal),
    )
    const hold = await this.#unless(NO_LOCK, 'read_failed', (signal) =>
      this.#client.send(new this.#sdk.GetObjectLegalHoldCommand(version), signal),
    )
    return {
      until: retention?.Retention?.RetainUntilDate?.getTime() ?? 0,
      isLiftable: retention?.Retention?.Mode !== 'COMPLIANCE',
      isHeld: hold?.LegalHold?.Status === 'ON',
    }
  }

  async retain(key: string, id: string, until: number): Promise<void> {
    const command = new this.#sdk.PutObjectRetentionCommand({
      ...this.#base,
      Key: key,
      VersionId: id,
      Retention: { Mode: 'COMPLIANCE', RetainUntilDate: new Date(until) },
    })
    await this.#send('write_failed', (signal) => this.#client.send(command, signal))
  }

  async hold(key: string, id: string, isHeld: boolean): Promise<void> {
    const command = new this.#sdk.PutObjectLegalHoldCommand({
      ...this.#base,
      Key: key,
      VersionId: id,
      LegalHold: { Status: isHeld ? 'ON' : 'OFF' },
    })
    await this.#send('write_failed', (signal) => this.#client.send(command, signal))
  }

  close(): void {
    this.#client.destroy()
  }

  async #versionPage(
    prefix: string,
    from: PageMark | null,
    size: number,
  ): Promise<{
    readonly versions: readonly (KeyVersion & { readonly key: string })[]
    readonly next: PageMark | null
  }> {
    const command = new this.#sdk.ListObjectVersionsCommand({
      ...this.#base,
      Prefix: prefix,
      MaxKeys: size,
      // Keys that others made may hold what XML cannot.
      EncodingType: 'url',
      ...(from === null ? {} : { KeyMarker: from.key, VersionIdMarker: from.versionId }),
    })
    const answer = await this.#send('read_failed', (signal) => this.#client.send(command, signal))
    const versions = [
      ...(answer.DeleteMarkers ?? []).map((one) => ({
        key: decoded(one.Key),
        id: one.VersionId ?? 'null',
        isMarker: true,
      })),
      ...(answer.Versions ?? []).map((one) => ({
        key: decoded(one.Key),
        id: one.VersionId ?? 'null',
        isMarker: false,
      })),
    ]
    const isMore = answer.IsTruncated === true && answer.NextKeyMarker !== undefined
    return {
      versions,
      next: isMore ? { key: decoded(answer.NextKeyMarker), versionId: answer.NextVersionIdMarker } : null,
    }
  }

  /** Sends a request, and rejects with an {@link S3Failure} unless it is answered in time. */
  async #send<Answer>(
    way: Way,
    send: (options: { readonly abortSignal: AbortSignal }) => Promise<Answer>,
    extraMs = 0,
  ): Promise<Answer> {
    const abortSignal = AbortSignal.timeout(Math.ceil(this.#patience.requestMs + extraMs))
    try {
      return await send({ abortSignal })
    } catch (error) {
      throw s3Failure(error, way)
    }
  }

  /** As `#send`; null when the service refuses for one of these reasons. */
  async #unless<Answer>(
    reasons: readonly string[],
    way: Way,
    send: (options: { readonly abortSignal: AbortSignal }) => Promise<Answer>,
  ): Promise<Answer | null> {
    try {
      return await this.#send(way, send)
    } catch (error) {
      if (error instanceof S3Failure && reasons.includes(error.reason)) return null
      throw error
    }
  }
}

const ABSENT = ['NoSuchKey', 'NotFound']
// The last three come from buckets without object lock.
const NO_LOCK = [
  'NoSuchObjectLockConfiguration',
  'ObjectLockConfigurationNotFoundError',
  'InvalidRequest',
  'NotImplemented',
]
const PAGE = 1_000
const MAX_PAGES = 50
/** A line so slow that a request on it is given up: 64 kB a second. */
const SLOWEST_BYTES_PER_MS = 64

async function readBody(
  { Body, ContentLength }: GetObjectCommandOutput,
  maxBytes: number,
  firstMs: number,
): Promise<Uint8Array> {
  const length = ContentLength ?? 0
  const stream = Body as (AsyncIterable<Uint8Array> & { destroy(error?: Error): void }) | undefined
  if (stream === undefined) throw new S3Failure('read_failed', 'NoBody', 200, true, 'the object store sent no bytes')
  const tooLong = (): ObjectStoreError => {
    stream.destroy()
    return new ObjectStoreError('object_corrupt', `more than ${maxBytes} bytes lie where that much cannot be`)
  }
  if (length > maxBytes) throw tooLong()
  const late = setTimeout(() => stream.destroy(new Error('timeout')), firstMs + length / SLOWEST_BYTES_PER_MS)
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of stream) {
      size += chunk.length
      if (size > maxBytes) throw tooLong()
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof ObjectStoreError) throw error
    // The SDK compares too, and then breaks the stream off itself.
    if (error instanceof Error && error.message.startsWith('Checksum mismatch')) throw otherBytes()
    throw new S3Failure('store_unavailable', 'BrokenBody', null, true, 'the object store broke off in the middle')
  } finally {
    clearTimeout(late)
  }
  return Buffer.concat(chunks)
}

function otherBytes(): S3Failure {
  return new S3Failure('object_corrupt', 'OtherChecksum', 200, true, 'other bytes were read than were stored')
}

function decoded(key: string | undefined): string {
  try {
    return decodeURIComponent((key ?? '').replaceAll('+', ' '))
  } catch {
    return key ?? ''
  }
}
