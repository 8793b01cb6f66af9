import { describe, expect, test } from 'vitest'
import { Problem } from '../../../workflows/problem.ts'
import { readObjectStoreUrl } from './object-store-url.ts'

const AWS = { prefix: '', endpoint: null, region: null, pathStyle: false, owner: null }

describe('the URL of an object store', () => {
  test.for([
    { url: 's3://bucket', place: { ...AWS, bucket: 'bucket' } },
    { url: 's3://my.bucket-1/', place: { ...AWS, bucket: 'my.bucket-1' } },
    { url: 's3://bucket/log', place: { ...AWS, bucket: 'bucket', prefix: 'log/' } },
    { url: 's3://bucket/log/one/', place: { ...AWS, bucket: 'bucket', prefix: 'log/one/' } },
    { url: 's3://bucket?region=eu-central-1', place: { ...AWS, bucket: 'bucket', region: 'eu-central-1' } },
    { url: 's3://bucket?owner=012345678901', place: { ...AWS, bucket: 'bucket', owner: '012345678901' } },
    { url: 's3://bucket?path-style=true', place: { ...AWS, bucket: 'bucket', pathStyle: true } },
    {
      url: 's3://bucket/a?endpoint=http://127.0.0.1:9000&region=us-east-1',
      place: {
        ...AWS,
        bucket: 'bucket',
        prefix: 'a/',
        endpoint: 'http://127.0.0.1:9000',
        region: 'us-east-1',
        pathStyle: true,
      },
    },
    {
      url: 's3://bucket?endpoint=https%3A%2F%2Fminio.example.com&path-style=false',
      place: { ...AWS, bucket: 'bucket', endpoint: 'https://minio.example.com' },
    },
    {
      url: 's3://bucket?endpoint=http://minio.example.com&plain-http=true',
      place: { ...AWS, bucket: 'bucket', endpoint: 'http://minio.example.com', pathStyle: true },
    },
    {
      url: 's3://bucket?endpoint=http://[::1]:9000/',
      place: { ...AWS, bucket: 'bucket', endpoint: 'http://[::1]:9000', pathStyle: true },
    },
  ])('reads $url', ({ url, place }) => {
    expect(readObjectStoreUrl(url)).toEqual(place)
  })

  test.for([
    '',
    'bucket',
    's3:bucket',
    's3://',
    's3:///log',
    's3://?region=eu-central-1',
    'https://bucket.s3.amazonaws.com',
    's3://Bucket',
    's3://bu',
    's3://bucket_1',
    's3://-bucket',
    's3://bucket..1',
    's3://127.0.0.1',
    `s3://${'b'.repeat(64)}`,
    's3://bucket:9000',
    's3://bucket/a//b',
    's3://bucket/../other',
    's3://bucket/.hidden',
    's3://bucket/a b',
    's3://bucket/a%2fb',
    `s3://bucket/${'a/'.repeat(300)}`,
    's3://bucket#log',
    's3://bucket?region=eu-central-1#x',
    's3://bucket?regoin=eu-central-1',
    's3://bucket?region=a&region=b',
    's3://bucket?region=',
    's3://bucket?region=EU%20WEST',
    's3://bucket?owner=123',
    's3://bucket?path-style=yes',
    's3://bucket?plain-http=1',
    's3://bucket?endpoint=',
    's3://bucket?endpoint=minio.example.com',
    's3://bucket?endpoint=ftp://minio.example.com',
    's3://bucket?endpoint=https://minio.example.com/path',
    's3://bucket?endpoint=https://minio.example.com?x=y',
    's3://bucket?endpoint=http://minio.example.com',
    's3://bucket?endpoint=http://127.0.0.1.example.com',
    's3://bucket?endpoint=http://minio.example.com&plain-http=false',
    's3://bucket\n',
  ])('refuses %j', (url) => {
    expect(() => readObjectStoreUrl(url)).toThrow(expect.objectContaining({ code: 'object_url_malformed' }))
  })

  test.for([
    's3://KEY:hush-hush@bucket',
    's3://bucket?secret=hush-hush',
    's3://bucket?hush-hush=1',
    's3://bucket?region=hush-hush!',
    's3://bucket?endpoint=https://user:hush-hush@minio.example.com',
    's3://bucket/hush-hush%20',
    'https://hush-hush',
  ])('quotes nothing that may be a secret: %j', (url) => {
    let refused: unknown
    try {
      readObjectStoreUrl(url)
    } catch (error) {
      refused = error
    }
    expect(refused).toBeInstanceOf(Problem)
    expect(`${refused}${(refused as Problem).stack}${(refused as Problem).cause}`).not.toContain('hush-hush')
  })
})
