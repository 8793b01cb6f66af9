import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { basicConstraints, issueCertificate, name, newSigner, seq, tlv } from '../../../../../../testdata/x509/issue.ts'
import { readDatabaseUrl } from './database-url.ts'
import { openPostgresStore } from './log-store.ts'
import { serverForTests } from './postgres.fixtures.ts'

const authority = newSigner('p256')
const stranger = newSigner('p256')
const own = newSigner('p256')
const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`
const validity = { notBefore: Math.floor(Date.now() / 1000) - 60, notAfter: Math.floor(Date.now() / 1000) + 3_600 }
const root = (by: typeof authority): string =>
  pem(
    'CERTIFICATE',
    issueCertificate({
      ...validity,
      subject: ROOT,
      issuer: ROOT,
      spki: by.spki,
      by,
      extensions: [basicConstraints(true)],
    }),
  )
const ROOT = name([['CN', 'Test authority']])
// Only the number, not the name localhost.
const addresses = { id: '2.5.29.17', value: seq(tlv(0x87, Uint8Array.of(127, 0, 0, 1))) }
const cert = pem(
  'CERTIFICATE',
  issueCertificate({
    ...validity,
    subject: name([['CN', 'database']]),
    issuer: ROOT,
    spki: own.spki,
    by: authority,
    extensions: [addresses],
  }),
)
const key = own.key.export({ type: 'pkcs8', format: 'pem' }).toString()

const server = serverForTests({ fsync: false, tls: { key, cert } })
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-tls-'))
  await writeFile(join(folder, 'root.pem'), root(authority))
  await writeFile(join(folder, 'stranger.pem'), root(stranger))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const urlOf = (host: string, query: string): string =>
  `${server.handle.url().replace('127.0.0.1', host)}?${query.replace('DIR', folder)}`

test.for([
  { host: '127.0.0.1', query: 'sslmode=verify-full&sslrootcert=DIR/root.pem', isEncrypted: true },
  { host: 'localhost', query: 'sslmode=verify-ca&sslrootcert=DIR/root.pem', isEncrypted: true },
  { host: '127.0.0.1', query: 'sslmode=require', isEncrypted: true },
  { host: '127.0.0.1', query: 'sslmode=disable', isEncrypted: false },
  { host: '127.0.0.1', query: '', isEncrypted: false },
])('$host with $query is connected to, encrypted: $isEncrypted', async ({ host, query, isEncrypted }) => {
  const place = await readDatabaseUrl(urlOf(host, query))
  const store = await openPostgresStore(place, { schema: { name: server.newSchema() } })
  await store.close()
  const client = new Client(place.config)
  await client.connect()
  const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
  await client.end()
  expect(rows).toEqual([{ ssl: isEncrypted }])
})

test.for([
  { name: 'a certificate of another name', host: 'localhost', query: 'sslmode=verify-full&sslrootcert=DIR/root.pem' },
  { name: 'a certificate of a stranger', host: '127.0.0.1', query: 'sslmode=verify-full&sslrootcert=DIR/stranger.pem' },
  { name: 'a stranger under verify-ca', host: '127.0.0.1', query: 'sslmode=verify-ca&sslrootcert=DIR/stranger.pem' },
  { name: 'an authority that nobody named', host: '127.0.0.1', query: 'sslmode=verify-full' },
])('$name is refused: store_unavailable', async ({ host, query }) => {
  const place = await readDatabaseUrl(urlOf(host, query))
  await expect(openPostgresStore(place)).rejects.toMatchObject({ name: 'LogStoreError', code: 'store_unavailable' })
})
