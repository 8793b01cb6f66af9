import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { sha256Hex, utf8 } from '@countersign/verify'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { blobStoreOver } from '../../packages/countersign/src/adapters/stores/blob-store.ts'
import { describeObjectStore } from '../../packages/countersign/src/adapters/stores/object-store.contract.ts'
import { collected, plain } from '../../packages/countersign/src/adapters/stores/object-store-model.contract.ts'
import { openS3Objects } from '../../packages/countersign/src/adapters/stores/s3/object-store.ts'
import { blobPath } from '../../packages/countersign/src/workflows/ports/blob-store.ts'
import type { ObjectStore } from '../../packages/countersign/src/workflows/ports/object-store.ts'
import { type BucketKind, type S3Handle, type S3User, startS3 } from '../estate/s3/start-s3.ts'

let folder: string
let s3: S3Handle
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 's3-objects-'))
  s3 = await startS3({ folder })
})
afterAll(async () => {
  await s3?.stop()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => become(s3.root))

/** Makes stores that are opened from now on speak as a user. */
function become({ access, secret }: S3User): void {
  vi.stubEnv('AWS_ACCESS_KEY_ID', access)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secret)
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
}

const open = (bucket: string): Promise<ObjectStore> => openS3Objects(`s3://${bucket}/log/one?endpoint=${s3.endpoint}`)

const KINDS: readonly { readonly kind: BucketKind; readonly holds: boolean; readonly retention: 'kept' | 'refused' }[] =
  [
    { kind: 'locked', holds: true, retention: 'kept' },
    { kind: 'versioned', holds: false, retention: 'refused' },
    { kind: 'plain', holds: false, retention: 'refused' },
  ]

for (const { kind, ...abilities } of KINDS) {
  describeObjectStore(
    `objects in a ${kind} bucket`,
    async () => {
      const bucket = await s3.createBucket(kind)
      return { open: () => open(bucket), remove: async () => {} }
    },
    { ...abilities, modelRuns: 15 },
  )
}

describe('two stores in one bucket', () => {
  test('do not see each other, also where one prefix begins as the other does', async () => {
    const bucket = await s3.createBucket('locked')
    const urls = ['', '/a', '/ab', '/a/b'].map((prefix) => `s3://${bucket}${prefix}?endpoint=${s3.endpoint}`)
    const [all, a, ab] = await Promise.all(urls.map((url) => openS3Objects(url)))
    await a?.putOnce('x', utf8('a'))
    await ab?.putOnce('x', utf8('ab'))
    expect(await collected(a?.list('') as AsyncIterable<string>)).toEqual(['x'])
    expect(plain(await ab?.get('x'))).toBe('ab')
    expect(await collected(all?.list('') as AsyncIterable<string>)).toEqual(['a/x', 'ab/x'])
  })

  test('pass over keys that are no paths', async () => {
    const bucket = await s3.createBucket('locked')
    const store = await open(bucket)
    await store.putOnce('tile/0/000', utf8('x'))
    for (const Key of ['log/one/a b', 'log/one/.hidden', 'log/one/ä+%', 'log/one/tile/0/z\u0001']) {
      await s3.client().send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'not ours' }))
    }
    expect(await collected(store.list(''))).toEqual(['tile/0/000'])
  })
})

/** What somebody who may put and delete, but not remove versions, does to an object of ours. */
interface Attack {
  readonly name: string
  readonly run: (client: S3Client, object: { readonly Bucket: string; readonly Key: string }) => Promise<void>
}

const overwrite: Attack['run'] = async (client, object) => {
  await client.send(new PutObjectCommand({ ...object, Body: 'changed' }))
}
const hide: Attack['run'] = async (client, object) => {
  await client.send(new DeleteObjectCommand(object))
}
const ATTACKS: readonly Attack[] = [
  { name: 'put other bytes over it', run: overwrite },
  { name: 'delete it', run: hide },
  {
    name: 'put other bytes over it, then delete it',
    run: async (client, object) => {
      await overwrite(client, object)
      await hide(client, object)
    },
  },
  {
    name: 'delete it, then put other bytes there',
    run: async (client, object) => {
      await hide(client, object)
      await overwrite(client, object)
    },
  },
  {
    name: 'delete it and put other bytes there, again and again',
    run: async (client, object) => {
      for (let round = 0; round < 5; round++) {
        await hide(client, object)
        await overwrite(client, object)
      }
    },
  },
]

async function attacker(bucket: string): Promise<S3Client> {
  const user = await s3.createUser(`attacker-of-${bucket}`)
  const Principal = { AWS: [user.access] }
  await s3.setPolicy(bucket, {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal, Action: 's3:*', Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`] },
      {
        Effect: 'Deny',
        Principal,
        Action: ['s3:DeleteObjectVersion', 's3:BypassGovernanceRetention'],
        Resource: [`arn:aws:s3:::${bucket}/*`],
      },
    ],
  })
  return s3.client(user)
}

describe.for(['locked', 'versioned'] as const)('in a %s bucket, somebody with a stolen key', (kind) => {
  test.for(ATTACKS)('can $name, and what was stored is read', { timeout: 60_000 }, async ({ run }) => {
    const bucket = await s3.createBucket(kind)
    const store = await open(bucket)
    const blobs = blobStoreOver(store)
    await store.putOnce('tile/0/000', utf8('stored'))
    const digest = await blobs.put(utf8('a long envelope'))
    const client = await attacker(bucket)
    await run(client, { Bucket: bucket, Key: 'log/one/tile/0/000' })
    await run(client, { Bucket: bucket, Key: `log/one/${blobPath(digest)}` })

    for (const reader of [store, await open(bucket)]) {
      expect(plain(await reader.get('tile/0/000'))).toBe('stored')
      expect(plain(await blobStoreOver(reader).get(digest))).toBe('a long envelope')
      expect(await collected(reader.list('tile'))).toEqual(['tile/0/000'])
      await reader.putOnce('tile/0/000', utf8('stored'))
      await expect(reader.putOnce('tile/0/000', utf8('changed'))).rejects.toMatchObject({ code: 'object_differs' })
    }
  })

  test('can put more versions over it than a page holds, and what was stored is read', {
    timeout: 60_000,
  }, async () => {
    const bucket = await s3.createBucket(kind)
    const store = await open(bucket)
    await store.putOnce('tile/0/000', utf8('stored'))
    const client = await attacker(bucket)
    for (let at = 0; at < 1_010; at++) await overwrite(client, { Bucket: bucket, Key: 'log/one/tile/0/000' })
    expect(plain(await store.get('tile/0/000'))).toBe('stored')
    expect(await collected(store.list(''))).toEqual(['tile/0/000'])
  })

  test('can hide the checkpoint: the newest is read, and the next one is published', async () => {
    const bucket = await s3.createBucket(kind)
    const store = await open(bucket)
    await store.replace('checkpoint', utf8('size 1'))
    await store.replace('checkpoint', utf8('size 2'))
    const client = await attacker(bucket)
    await hide(client, { Bucket: bucket, Key: 'log/one/checkpoint' })
    expect(plain(await store.get('checkpoint'))).toBe('size 2')
    expect(await collected(store.list(''))).toEqual(['checkpoint'])
    await store.replace('checkpoint', utf8('size 3'))
    expect(plain(await store.get('checkpoint'))).toBe('size 3')
  })

  test('can put so much over the checkpoint that it is refused, not read', async () => {
    const bucket = await s3.createBucket(kind)
    const store = await open(bucket)
    await store.replace('checkpoint', utf8('size 1'))
    const client = await attacker(bucket)
    const Body = Buffer.alloc(2 * 1024 * 1024)
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'log/one/checkpoint', Body }))
    await expect(store.get('checkpoint')).rejects.toMatchObject({ code: 'object_corrupt' })
    await store.replace('checkpoint', utf8('size 2'))
    expect(plain(await store.get('checkpoint'))).toBe('size 2')
  })

  test('can be first where a blob will lie: storing the blob is refused, and nothing false is read', async () => {
    const bucket = await s3.createBucket(kind)
    const blobs = blobStoreOver(await open(bucket))
    const digest = sha256Hex(utf8('foreseen'))
    const Key = `log/one/${blobPath(digest)}`
    const client = await attacker(bucket)
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'false', ChecksumAlgorithm: 'SHA256' }))
    for (const isHidden of [false, true]) {
      if (isHidden) await hide(client, { Bucket: bucket, Key })
      await expect(blobs.put(utf8('foreseen'))).rejects.toMatchObject({ code: 'blob_corrupt' })
      await expect(blobs.get(digest)).rejects.toMatchObject({ code: 'blob_corrupt' })
    }
  })
})

describe('in a plain bucket, somebody with a stolen key', () => {
  test('changes what is read: only the digest of a blob and the signed tree show it', async () => {
    const bucket = await s3.createBucket('plain')
    const blobs = blobStoreOver(await open(bucket))
    const digest = await blobs.put(utf8('a long envelope'))
    const Key = `log/one/${blobPath(digest)}`
    await s3.client().send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'changed', ChecksumAlgorithm: 'SHA256' }))
    await expect(blobs.get(digest)).rejects.toMatchObject({ code: 'blob_corrupt' })
  })
})

test('an object without a SHA-256, which something else stored, is not taken for one of ours', async () => {
  const bucket = await s3.createBucket('locked')
  const put = new PutObjectCommand({ Bucket: bucket, Key: 'log/one/a', Body: 'x', ChecksumAlgorithm: 'CRC32' })
  await s3.client().send(put)
  await expect((await open(bucket)).get('a')).rejects.toMatchObject({ code: 'object_corrupt' })
})

describe('a locked object', () => {
  const retainUntil = new Date(Date.now() + 3_600_000).toISOString()

  test.for([
    { name: 'a retention', terms: { retainUntil } },
    { name: 'a hold', terms: { legalHold: true } },
    { name: 'both', terms: { retainUntil, legalHold: true } },
  ])('is kept from root itself by $name', async ({ terms }) => {
    const bucket = await s3.createBucket('locked')
    const store = await open(bucket)
    await store.putOnce('a/b', utf8('kept'), terms)
    const object = { Bucket: bucket, Key: 'log/one/a/b' }
    const root = s3.client()
    const { Versions = [] } = await root.send(new ListObjectVersionsCommand({ Bucket: bucket }))
    const version = { ...object, VersionId: Versions[0]?.VersionId }
    await expect(root.send(new DeleteObjectCommand(version))).rejects.toMatchObject({ name: 'AccessDenied' })
    await expect(
      root.send(new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true })),
    ).rejects.toMatchObject({ name: 'AccessDenied' })
    await root.send(new DeleteObjectCommand(object))
    await expect(root.send(new GetObjectCommand(object))).rejects.toMatchObject({ name: 'NoSuchKey' })
    expect(plain(await store.get('a/b'))).toBe('kept')
    await expect(store.remove('a/b')).rejects.toMatchObject({ code: 'object_locked' })
    expect(plain(await store.get('a/b'))).toBe('kept')
  })

  test('keeps its retention: nobody makes it shorter or lifts it', async () => {
    const bucket = await s3.createBucket('locked')
    await (await open(bucket)).putOnce('a/b', utf8('kept'), { retainUntil })
    const RetainUntilDate = new Date(Date.now() + 60_000)
    for (const Mode of ['COMPLIANCE', 'GOVERNANCE'] as const) {
      const shorter = new PutObjectRetentionCommand({
        Bucket: bucket,
        Key: 'log/one/a/b',
        Retention: { Mode, RetainUntilDate },
        BypassGovernanceRetention: true,
      })
      await expect(s3.client().send(shorter)).rejects.toMatchObject({ name: 'AccessDenied' })
    }
  })

  test('that others put there first without a lock gets the one that is asked for', async () => {
    const bucket = await s3.createBucket('locked')
    const Body = 'kept'
    const put = new PutObjectCommand({ Bucket: bucket, Key: 'log/one/a/b', Body, ChecksumAlgorithm: 'SHA256' })
    const { VersionId } = await s3.client().send(put)
    const store = await open(bucket)
    await store.putOnce('a/b', utf8('kept'), { retainUntil, legalHold: true })
    const lift = { Bucket: bucket, Key: 'log/one/a/b', VersionId, LegalHold: { Status: 'OFF' as const } }
    await expect(store.remove('a/b')).rejects.toMatchObject({ code: 'object_locked' })
    await s3.client().send(new PutObjectLegalHoldCommand(lift))
    await expect(store.remove('a/b')).rejects.toMatchObject({ code: 'object_locked' })
  })
})

describe('with the policy of docs/operations/object-storage.md', () => {
  const page = readFileSync(new URL('../../docs/operations/object-storage.md', import.meta.url), 'utf8')
  const policy = /```json\n([\s\S]*?)```/.exec(page)?.[1] ?? ''

  test('all is done but removing, and nothing else can be done', async () => {
    const bucket = await s3.createBucket('locked')
    const user = await s3.createUser('countersign')
    const filled = policy
      .replaceAll('"COUNTERSIGN"', `"${user.access}"`)
      .replaceAll('BUCKET/PREFIX', `${bucket}/log/one`)
      .replaceAll('BUCKET', bucket)
    await s3.setPolicy(bucket, JSON.parse(filled))
    become(user)
    const store = await open(bucket)
    await store.replace('checkpoint', utf8('size 1'))
    await store.replace('checkpoint', utf8('size 2'))
    expect(plain(await store.get('checkpoint'))).toBe('size 2')
    expect(await store.get('none/checkpoint')).toBeNull()
    const retainUntil = new Date(Date.now() + 3_600_000).toISOString()
    await store.putOnce('a', utf8('x'), { retainUntil, legalHold: true })
    await store.putOnce('a', utf8('x'), { retainUntil, legalHold: true })
    await store.hold('a', false)
    await store.putOnce('b', utf8('x'))
    expect(await collected(store.list(''))).toEqual(['a', 'b', 'checkpoint'])
    await expect(store.remove('a')).rejects.toMatchObject({ code: 'object_locked' })
    await expect(store.remove('b')).rejects.toMatchObject({ code: 'write_failed' })

    const outside = await openS3Objects(`s3://${bucket}/log/two?endpoint=${s3.endpoint}`)
    await expect(outside.putOnce('a', utf8('x'))).rejects.toMatchObject({ code: 'write_failed' })
    const other = await open(await s3.createBucket('locked'))
    await expect(other.get('a')).rejects.toMatchObject({ code: 'read_failed' })
  })
})

describe('a log in a bucket', () => {
  const csn = fileURLToPath(new URL('../../packages/countersign/bin/countersign.js', import.meta.url))

  test.for([
    { kind: 'locked', exit: 0, said: 'nothing wrong' },
    { kind: 'plain', exit: 1, said: 'tile/0/000.p/1' },
  ] as const)('that somebody tampers with, in a $kind bucket: fsck says $said', { timeout: 60_000 }, async (row) => {
    const bucket = await s3.createBucket(row.kind)
    const data = await mkdtemp(join(folder, 'data-'))
    const run = (...args: readonly string[]): { readonly exit: number; readonly said: string } => {
      const env = {
        PATH: process.env['PATH'],
        HOME: folder,
        COUNTERSIGN_DATA: data,
        COUNTERSIGN_OBJECTS: `s3://${bucket}/org?endpoint=${s3.endpoint}`,
        AWS_ACCESS_KEY_ID: s3.root.access,
        AWS_SECRET_ACCESS_KEY: s3.root.secret,
      }
      const done = spawnSync(process.execPath, [csn, ...args], { env, encoding: 'utf8', timeout: 30_000 })
      return { exit: done.status ?? -1, said: done.stdout + done.stderr }
    }
    const heartbeat = ['--observer', 'me', '--memory', 'none', '--since', '2026-01-01T00:00:00Z']
    expect(run('source', 'heartbeat', 'forge:one', ...heartbeat)).toMatchObject({ exit: 0 })
    expect(run('log', 'fsck')).toEqual({ exit: 0, said: expect.stringContaining('nothing wrong') })
    const root = s3.client()
    const tile = { Bucket: bucket, Key: 'org/log/tile/0/000.p/1' }
    await root.send(new PutObjectCommand({ ...tile, Body: Buffer.alloc(32, 7), ChecksumAlgorithm: 'SHA256' }))
    const checked = run('log', 'fsck')
    expect(checked).toEqual({ exit: row.exit, said: expect.stringContaining(row.said) })
  })
})

describe('a service that refuses', () => {
  test.for([
    { name: 'an unknown access key', user: { access: 'nobody', secret: 'nothing' }, said: 'InvalidAccessKeyId' },
    { name: 'a wrong secret key', user: { access: 'root', secret: 'wrong-and-secret' }, said: 'SignatureDoesNotMatch' },
  ])('$name is named, and no secret is in the error', async ({ user, said }) => {
    const bucket = await s3.createBucket('locked')
    become(user)
    const refused = await (await open(bucket)).putOnce('a', utf8('x')).catch((error: unknown) => error)
    expect(refused).toMatchObject({ name: 'ObjectStoreError', code: 'store_unavailable' })
    expect(String(refused)).toContain(said)
    const all = JSON.stringify(refused, Object.getOwnPropertyNames(refused))
    expect(all).not.toContain(user.secret)
    expect(all).not.toMatch(/AWS4-HMAC|StringToSign|Credential=/)
  })

  test('a bucket that is not there is named as such', async () => {
    await expect((await open('never-made')).get('a')).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect((await open('never-made')).get('a')).rejects.toThrow('NoSuchBucket')
  })
})
