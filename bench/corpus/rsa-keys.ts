import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheRoot } from '../history/cache.ts'

/** An RSA key by name, drawn on first use and kept in the cache: OpenSSL offers no seed. Worthless outside the bench. */
export function namedRsaKey(name: string, bits: number): KeyObject {
  const file = join(cacheRoot(), `rsa-${bits}-${name}.pem`)
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
    writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
  }
  return createPrivateKey(readFileSync(file))
}
