import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { freePort } from '../free-ports.ts'
import { locateProgram } from '../locate.ts'
import { type Program, startProgram } from '../program.ts'
import { runProgram } from '../run-program.ts'

/** Where the server keeps everything; made when missing. */
export interface S3Context {
  readonly folder: string
}

/** A user of the server. */
export interface S3User {
  readonly access: string
  readonly secret: string
}

/** How a bucket keeps what is put into it. */
export type BucketKind = 'locked' | 'versioned' | 'plain'

/** A running S3 server on 127.0.0.1 that honours versions, object lock, conditional writes and bucket policies. */
export interface S3Handle {
  /** `http://127.0.0.1:PORT`, without a slash at its end. */
  readonly endpoint: string
  readonly region: string
  /** Who may do everything but break a lock. */
  readonly root: S3User
  /** A client that speaks as a user, sends each request once and ends with {@link S3Handle.stop}. */
  client(user?: S3User): S3Client
  /** Makes an empty bucket with a new name and returns that. */
  createBucket(kind: BucketKind): Promise<string>
  /** Makes a user who may do nothing yet. */
  createUser(name: string): Promise<S3User>
  /** Replaces the policy of a bucket. */
  setPolicy(bucket: string, policy: unknown): Promise<void>
  readonly programs: readonly Program[]
  stop(): Promise<void>
}

/**
 * Starts versitygw on new folders and a free loopback port. It closes every connection after one answer, so that whoever stands in
 * between sees one request at a time.
 *
 * Rejects with `EstateError` `program_not_built`, `program_exited` or `program_not_ready`.
 */
export async function startS3({ folder }: S3Context): Promise<S3Handle> {
  const command = await locateProgram('versitygw')
  const place = join(folder, 's3')
  for (const part of ['objects', 'versions', 'users']) await mkdir(join(place, part), { recursive: true })
  const root = { access: 'root', secret: randomBytes(20).toString('hex') }
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const clients: S3Client[] = []
  const client = (user: S3User = root): S3Client => {
    const made = clientFor(endpoint, user)
    clients.push(made)
    return made
  }
  const admin = client()
  const program = await startProgram({
    name: 'versitygw',
    command,
    args: [
      '--port',
      `127.0.0.1:${port}`,
      '--iam-dir',
      join(place, 'users'),
      '--quiet',
      'posix',
      '--versioning-dir',
      join(place, 'versions'),
      join(place, 'objects'),
    ],
    // By the environment: the arguments of a program are for all to see.
    env: { ROOT_ACCESS_KEY: root.access, ROOT_SECRET_KEY: root.secret, VGW_REGION: REGION },
    folder: place,
    ready: async () => (await admin.send(new ListBucketsCommand({}))).$metadata.httpStatusCode === 200,
  })
  let buckets = 0

  return {
    endpoint,
    region: REGION,
    root,
    client,
    createBucket: (kind) => createBucket(admin, kind, ++buckets),
    createUser: async (name) => {
      const user = { access: name, secret: randomBytes(20).toString('hex') }
      await runProgram({
        command,
        args: ['admin', 'create-user', '--access', user.access, '--secret', user.secret, '--role', 'user'],
        env: { ADMIN_ACCESS_KEY_ID: root.access, ADMIN_SECRET_ACCESS_KEY: root.secret, ADMIN_ENDPOINT_URL: endpoint },
        folder: place,
      })
      return user
    },
    setPolicy: async (Bucket, policy) => {
      await admin.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy) }))
    },
    programs: [program],
    stop: async () => {
      for (const one of clients) one.destroy()
      await program.stop()
    },
  }
}

const REGION = 'us-east-1'

function clientFor(endpoint: string, { access, secret }: S3User): S3Client {
  return new S3Client({
    endpoint,
    region: REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: access, secretAccessKey: secret },
    maxAttempts: 1,
  })
}

async function createBucket(admin: S3Client, kind: BucketKind, number: number): Promise<string> {
  const Bucket = `${kind}-${number}`
  await admin.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: kind === 'locked' }))
  if (kind === 'versioned') {
    const VersioningConfiguration = { Status: 'Enabled' as const }
    await admin.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
  }
  return Bucket
}
