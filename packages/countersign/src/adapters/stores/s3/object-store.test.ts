import { createHash } from 'node:crypto'
import { utf8 } from '@countersign/verify'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ObjectStore } from '../../../workflows/ports/object-store.ts'
import { collected } from '../object-store-model.contract.ts'
import { openS3Objects } from './object-store.ts'
import {
  refusal,
  type SeenRequest,
  startTinyService,
  type TinyAnswer,
  type TinyService,
} from './tiny-service.fixtures.ts'

const PATIENCE = { attempts: 3, firstWaitMs: 1, longestWaitMs: 2, requestMs: 2_000 }

let service: TinyService | null = null
beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'hush-hush')
  vi.stubEnv('AWS_SESSION_TOKEN', undefined)
  vi.stubEnv('AWS_REGION', undefined)
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null')
})
afterEach(async () => {
  await service?.stop()
  service = null
})

async function storeWhere(answer: (request: SeenRequest) => TinyAnswer, query = ''): Promise<ObjectStore> {
  service = await startTinyService(answer)
  return openS3Objects(`s3://bucket/log?endpoint=${service.endpoint}${query}`, PATIENCE)
}

const seen = (method: string): readonly SeenRequest[] => service?.seen.filter((one) => one.method === method) ?? []
const sum = (text: string): string => createHash('sha256').update(text).digest('base64')

const VERSIONED = { body: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>' }
const LOCKED = {
  body: '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>',
}
const version = (key: string, id: string): string => `<Version><Key>${key}</Key><VersionId>${id}</VersionId></Version>`
const versions = (...all: readonly string[]): TinyAnswer => ({
  body: `<ListVersionsResult>${all.join('')}<IsTruncated>false</IsTruncated></ListVersionsResult>`,
})

/** Answers by what the query begins with; a request without one is a put, a get or a head of an object. */
function answers(byQuery: Readonly<Record<string, TinyAnswer>>, objects: TinyAnswer = {}) {
  return ({ target }: SeenRequest): TinyAnswer => {
    const query = target.split('?')[1] ?? ''
    return (
      Object.entries(byQuery).find(([name]) => query.startsWith(name) || query.includes(`&${name}`))?.[1] ?? objects
    )
  }
}

describe('a put', () => {
  test('is signed with its conditions, its checksum and its lock, and says what it is', async () => {
    const retention = {
      body: '<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>2999-01-01T00:00:00Z</RetainUntilDate></Retention>',
    }
    const store = await storeWhere(
      answers(
        {
          versioning: VERSIONED,
          'object-lock': LOCKED,
          versions: versions(version('log/tile/0/000', 'v1')),
          retention,
          'legal-hold': { body: '<LegalHold><Status>ON</Status></LegalHold>' },
        },
        { headers: { 'x-amz-version-id': 'v1' } },
      ),
    )
    await store.putOnce('tile/0/000', utf8('hello'), { retainUntil: '2998-12-31T23:59:59.500Z', legalHold: true })
    const [put] = seen('PUT')
    expect(put?.target).toMatch(/^\/bucket\/log\/tile\/0\/000(\?x-id=PutObject)?$/)
    expect(put?.body.toString()).toBe('hello')
    expect(put?.headers).toMatchObject({
      'if-none-match': '*',
      'x-amz-checksum-sha256': sum('hello'),
      'x-amz-content-sha256': createHash('sha256').update('hello').digest('hex'),
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': '2999-01-01T00:00:00Z',
      'x-amz-object-lock-legal-hold': 'ON',
      'content-type': 'application/octet-stream',
      'cache-control': 'max-age=31536000, immutable',
    })
    const signed =
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=[0-9a-f]{64}$/
    const names = signed.exec(put?.headers.authorization ?? '')?.[1]?.split(';')
    for (const name of ['host', 'if-none-match', 'x-amz-checksum-sha256', 'x-amz-object-lock-retain-until-date']) {
      expect(names).toContain(name)
    }
    expect(JSON.stringify(service?.seen)).not.toContain('hush-hush')
  })

  test('of a checkpoint is text that nobody caches, over what is there alone', async () => {
    const store = await storeWhere(
      answers({ versioning: VERSIONED }, { headers: { etag: '"e1"' } }),
      '&owner=012345678901',
    )
    await store.replace('checkpoint', utf8('size 1'))
    expect(seen('PUT')[0]?.headers).toMatchObject({
      'if-match': '"e1"',
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-cache',
      'x-amz-expected-bucket-owner': '012345678901',
    })
  })

  test('of anything but a checkpoint replaces nothing', async () => {
    const store = await storeWhere(() => ({}))
    for (const path of ['a/b', 'checkpoint/a', 'a.checkpoint']) {
      await expect(store.replace(path, utf8('x'))).rejects.toMatchObject({ code: 'bad_path' })
    }
    expect(service?.seen).toEqual([])
  })

  test('is refused by a service without conditional writes, and not sent without a condition instead', async () => {
    const store = await storeWhere(({ headers }) =>
      headers['if-none-match'] || headers['if-match'] ? refusal(501, 'NotImplemented') : { headers: { etag: '"e1"' } },
    )
    await expect(store.putOnce('a', utf8('x'))).rejects.toMatchObject({ code: 'write_failed' })
    await expect(store.replace('checkpoint', utf8('x'))).rejects.toMatchObject({ code: 'write_failed' })
    expect(seen('PUT')).toHaveLength(2)
  })

  test('behind a delete marker, which lets it be a second version, is refused for other bytes', async () => {
    const body = 'the first'
    const store = await storeWhere(({ method, target }) => {
      if (method === 'PUT') return { headers: { 'x-amz-version-id': 'v2' } }
      if (target.includes('versioning')) return VERSIONED
      if (target.includes('versions')) return versions(version('log/a', 'v2'), version('log/a', 'v1'))
      return target.includes('versionId=v1') ? { body, headers: { 'x-amz-checksum-sha256': sum(body) } } : {}
    })
    await expect(store.putOnce('a', utf8('the second'))).rejects.toMatchObject({ code: 'object_differs' })
    await store.putOnce('a', utf8(body))
  })

  test('with a lock that the service takes and forgets is refused', async () => {
    const store = await storeWhere(({ method, target }) => {
      if (target.includes('versioning')) return VERSIONED
      if (target.includes('object-lock')) return LOCKED
      if (target.includes('versions')) return versions(version('log/a', 'v1'))
      const isLock = target.includes('retention') || target.includes('legal-hold')
      if (isLock && method === 'GET') return refusal(404, 'NoSuchObjectLockConfiguration')
      return { headers: { 'x-amz-version-id': 'v1' } }
    })
    for (const terms of [{ retainUntil: '2999-01-01T00:00:00Z' }, { legalHold: true }]) {
      await expect(store.putOnce('a', utf8('x'), terms)).rejects.toMatchObject({ code: 'lock_unsupported' })
    }
  })

  test('with a retention that somebody can lift makes it one that nobody can', async () => {
    let mode = 'GOVERNANCE'
    const store = await storeWhere(({ method, target, body }) => {
      if (target.includes('versioning')) return VERSIONED
      if (target.includes('object-lock')) return LOCKED
      if (target.includes('versions')) return versions(version('log/a', 'v1'))
      if (target.includes('retention') && method === 'PUT') mode = /<Mode>(\w+)</.exec(body.toString())?.[1] ?? ''
      if (target.includes('retention')) {
        return {
          body: `<Retention><Mode>${mode}</Mode><RetainUntilDate>2999-01-01T00:00:00Z</RetainUntilDate></Retention>`,
        }
      }
      return { headers: { 'x-amz-version-id': 'v1' } }
    })
    await store.putOnce('a', utf8('x'), { retainUntil: '2999-01-01T00:00:00Z' })
    expect(mode).toBe('COMPLIANCE')
  })
})

describe('a get', () => {
  const objectIs = (answer: TinyAnswer) =>
    answers({ versioning: VERSIONED, versions: versions(version('log/a', 'v1')) }, answer)

  test.for([
    { name: 'other bytes than its checksum', headers: { 'x-amz-checksum-sha256': sum('x') }, times: 3 },
    { name: 'a checksum of parts', headers: { 'x-amz-checksum-sha256': `${sum('y')}-2` }, times: 3 },
    { name: 'no checksum', headers: {}, times: 1 },
  ])('refuses $name', async ({ headers, times }) => {
    const store = await storeWhere(objectIs({ body: 'y', headers }))
    await expect(store.get('a')).rejects.toMatchObject({ code: 'object_corrupt' })
    expect(service?.seen.filter(({ target }) => target.includes('versionId=v1'))).toHaveLength(times)
  })

  test('asks for the checksum and for the first version', async () => {
    const store = await storeWhere(objectIs({ body: 'y', headers: { 'x-amz-checksum-sha256': sum('y') } }))
    await store.get('a')
    expect(seen('GET').at(-1)).toMatchObject({
      target: expect.stringContaining('versionId=v1'),
      headers: { 'x-amz-checksum-mode': 'ENABLED' },
    })
  })

  test('gives up an object under which somebody put versions without end', async () => {
    const store = await storeWhere(({ target }) => {
      if (target.includes('versioning')) return VERSIONED
      const more = '<IsTruncated>true</IsTruncated><NextKeyMarker>log/a</NextKeyMarker>'
      return { body: `<ListVersionsResult>${version('log/a', 'v')}${more}</ListVersionsResult>` }
    })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'read_failed' })
    expect(seen('GET').length).toBeLessThan(100)
  })

  test('follows no redirect to another host', async () => {
    const store = await storeWhere(() => ({
      ...refusal(301, 'PermanentRedirect'),
      headers: { location: 'http://198.51.100.1/', 'x-amz-bucket-region': 'eu-central-1' },
    }))
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(service?.seen).toHaveLength(1)
  })
})

describe('a list', () => {
  test('that the service gives in another order is refused, since more than its order may be wrong', async () => {
    const store = await storeWhere(
      answers({ versioning: VERSIONED, versions: versions(version('log/b', 'v'), version('log/a', 'v')) }),
    )
    await expect(collected(store.list(''))).rejects.toMatchObject({ code: 'read_failed' })
  })

  test('leaves out keys that others could have chosen to mislead', async () => {
    const keys = ['log/a', 'log/a%2F..%2Fb', 'log/c%0Ad', 'log/%E0%A4%A', 'log/d', 'other/e']
    const store = await storeWhere(answers({ versions: versions(...keys.map((key) => version(key, 'v'))) }))
    expect(await collected(store.list(''))).toEqual(['a', 'd'])
  })
})

describe('a service that is spoken to', () => {
  test('without credentials says which are missing, and is asked nothing', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined)
    const store = await storeWhere(() => ({}))
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(store.get('a')).rejects.toThrow('AWS_ACCESS_KEY_ID')
    expect(service?.seen).toEqual([])
  })

  test('without a region says so', async () => {
    const store = await openS3Objects('s3://bucket', PATIENCE)
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(store.get('a')).rejects.toThrow('region')
  })

  test('with a wrong URL is not opened', async () => {
    await expect(openS3Objects('s3://')).rejects.toMatchObject({ name: 'Problem', code: 'object_url_malformed' })
  })
})
