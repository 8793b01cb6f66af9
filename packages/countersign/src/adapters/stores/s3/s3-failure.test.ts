import { describe, expect, test } from 'vitest'
import { s3Failure } from './s3-failure.ts'

const answered = (status: number, Code?: string): unknown =>
  Object.assign(new Error('said'), { ...(Code ? { Code, name: Code } : {}), $metadata: { httpStatusCode: status } })

describe('what a service answers', () => {
  test.for([
    {
      name: 'no connection',
      error: Object.assign(new Error(), { code: 'ECONNREFUSED' }),
      code: 'store_unavailable',
      mayPass: true,
    },
    {
      name: 'no answer in time',
      error: Object.assign(new Error(), { name: 'AbortError' }),
      code: 'store_unavailable',
      mayPass: true,
    },
    { name: 'a fault of its own', error: answered(500, 'InternalError'), code: 'store_unavailable', mayPass: true },
    { name: 'that it is busy', error: answered(503, 'SlowDown'), code: 'store_unavailable', mayPass: true },
    {
      name: 'that others write',
      error: answered(409, 'ConditionalRequestConflict'),
      code: 'store_unavailable',
      mayPass: true,
    },
    { name: 'that bytes were changed', error: answered(400, 'BadDigest'), code: 'store_unavailable', mayPass: true },
    { name: 'a success that cannot be read', error: answered(200), code: 'store_unavailable', mayPass: true },
    { name: 'an error that cannot be read', error: answered(400), code: 'store_unavailable', mayPass: true },
    { name: 'no such bucket', error: answered(404, 'NoSuchBucket'), code: 'store_unavailable', mayPass: false },
    {
      name: 'a wrong signature',
      error: answered(403, 'SignatureDoesNotMatch'),
      code: 'store_unavailable',
      mayPass: false,
    },
    { name: 'another region', error: answered(301, 'PermanentRedirect'), code: 'store_unavailable', mayPass: false },
    { name: 'no right', error: answered(403, 'AccessDenied'), code: 'write_failed', mayPass: false },
    { name: 'no right, to a HEAD', error: answered(403), code: 'write_failed', mayPass: false },
    {
      name: 'a condition that failed',
      error: answered(412, 'PreconditionFailed'),
      code: 'write_failed',
      mayPass: false,
    },
    { name: 'that it cannot do that', error: answered(501, 'NotImplemented'), code: 'write_failed', mayPass: false },
    { name: 'that it is full', error: answered(507, 'InsufficientStorage'), code: 'disk_full', mayPass: true },
    { name: 'that the quota is used up', error: answered(403, 'QuotaExceeded'), code: 'disk_full', mayPass: false },
    { name: 'that the key is too long', error: answered(400, 'KeyTooLongError'), code: 'bad_path', mayPass: false },
    { name: 'something unknown', error: answered(400, 'MadeUp'), code: 'write_failed', mayPass: false },
  ])('$name: is $code', ({ error, code, mayPass }) => {
    expect(s3Failure(error, 'write_failed')).toMatchObject({ name: 'ObjectStoreError', code, mayPass })
  })

  test('keeps nothing of what a service quotes', () => {
    const failure = s3Failure(
      Object.assign(new Error('hush-hush'), {
        Code: 'SignatureDoesNotMatch',
        AWSAccessKeyId: 'hush-hush',
        StringToSign: 'hush-hush',
        $metadata: { httpStatusCode: 403, requestId: 'hush hush' },
      }),
      'read_failed',
    )
    const all = JSON.stringify(failure, Object.getOwnPropertyNames(failure))
    expect(all).toContain('SignatureDoesNotMatch')
    expect(all).not.toMatch(/hush/)
  })

  test.for([
    { name: 'a line break', Code: 'Access\nDenied' },
    { name: 'a text', Code: 'Access Denied: the key hush-hush' },
    { name: 'no text', Code: { hush: 1 } },
    { name: 'a long word', Code: 'a'.repeat(81) },
  ])('takes $name for no reason', ({ Code }) => {
    const failure = s3Failure({ Code, $metadata: { httpStatusCode: 400 } }, 'read_failed')
    expect(failure.message).toBe('the object store says Unknown (400)')
  })

  test.for([undefined, null, 'text', 7])('takes what is no error, %j, for no answer', (error) => {
    expect(s3Failure(error, 'read_failed')).toMatchObject({ code: 'store_unavailable', status: null })
  })
})
