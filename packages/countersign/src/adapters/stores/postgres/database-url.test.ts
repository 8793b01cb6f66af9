import { describe, expect, test } from 'vitest'
import { Problem } from '../../../workflows/problem.ts'
import { readDatabaseUrl } from './database-url.ts'

describe('the URL of a database', () => {
  test.for([
    {
      url: 'postgresql://ann@127.0.0.1/evidence',
      config: { host: '127.0.0.1', port: 5432, user: 'ann', database: 'evidence', ssl: false },
      label: 'postgresql://ann@127.0.0.1:5432/evidence',
    },
    {
      url: 'postgres://ann:a%40b%2Fc@localhost:6000/e%20v?connect_timeout=3&application_name=one',
      config: {
        host: 'localhost',
        port: 6000,
        password: 'a@b/c',
        database: 'e v',
        connectionTimeoutMillis: 3_000,
        application_name: 'one',
      },
      label: 'postgresql://ann@localhost:6000/e v',
    },
    {
      url: 'postgresql://ann@[::1]:5433/evidence',
      config: { host: '::1', port: 5433, ssl: false },
      label: 'postgresql://ann@::1:5433/evidence',
    },
    {
      url: 'postgresql://ann@/evidence?host=/run/postgresql',
      config: { host: '/run/postgresql', ssl: false },
      label: 'postgresql://ann@/run/postgresql:5432/evidence',
    },
    {
      url: 'postgresql:///evidence?host=/run/postgresql',
      refused: 'no user',
    },
  ])('reads $url', async ({ url, config, label, refused }) => {
    if (refused !== undefined) return expect(readDatabaseUrl(url)).rejects.toThrow(refused)
    const place = await readDatabaseUrl(url)
    expect(place.config).toMatchObject(config ?? {})
    expect(place.label).toBe(label)
  })

  test('asks another machine for a certificate that fits, unless it is told otherwise', async () => {
    const sslOf = async (query: string) =>
      (await readDatabaseUrl(`postgresql://ann@db.example.com/evidence${query}`)).config.ssl
    expect(await sslOf('')).toMatchObject({ rejectUnauthorized: true })
    expect(await sslOf('')).not.toHaveProperty('checkServerIdentity')
    expect(await sslOf('?sslmode=verify-full')).toEqual(await sslOf(''))
    expect(await sslOf('?sslmode=require')).toMatchObject({ rejectUnauthorized: false })
    expect(await sslOf('?sslmode=disable')).toBe(false)
  })

  test.for([
    { name: 'nothing', url: '' },
    { name: 'no URL', url: 'evidence' },
    { name: 'another scheme', url: 'mysql://ann:hunter2@127.0.0.1/evidence' },
    { name: 'no host', url: 'postgresql://ann:hunter2@/evidence' },
    { name: 'no database', url: 'postgresql://ann:hunter2@127.0.0.1' },
    { name: 'no user', url: 'postgresql://127.0.0.1/evidence' },
    { name: 'a port that is none', url: 'postgresql://ann:hunter2@127.0.0.1:port/evidence' },
    { name: 'a password with a lone %', url: 'postgresql://ann:hunter2%@127.0.0.1/evidence' },
    { name: 'an unknown parameter', url: 'postgresql://ann:hunter2@127.0.0.1/evidence?ssl=true' },
    { name: 'an unknown sslmode', url: 'postgresql://ann:hunter2@127.0.0.1/evidence?sslmode=prefer' },
    { name: 'verify-ca by every authority', url: 'postgresql://ann:hunter2@127.0.0.1/evidence?sslmode=verify-ca' },
    {
      name: 'a file that is not there',
      url: 'postgresql://ann:hunter2@127.0.0.1/evidence?sslmode=verify-full&sslrootcert=/nowhere/root.pem',
    },
    { name: 'a connect_timeout of nothing', url: 'postgresql://ann:hunter2@127.0.0.1/evidence?connect_timeout=0' },
    {
      name: 'a connect_timeout that is no number',
      url: 'postgresql://ann:hunter2@127.0.0.1/evidence?connect_timeout=x',
    },
  ])('with $name is refused, and no message holds the password: database_url_malformed', async ({ url }) => {
    const error = await readDatabaseUrl(url).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Problem)
    expect(error).toMatchObject({ code: 'database_url_malformed' })
    for (let one = error; one instanceof Error; one = one.cause) {
      expect(`${one.message} ${one.stack} ${JSON.stringify(one)}`).not.toContain('hunter2')
    }
  })
})
