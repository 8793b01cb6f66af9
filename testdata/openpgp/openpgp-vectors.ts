import { createMessage, generateKey, sign } from 'openpgp'
import { commitText, moments, type Question } from './vector.ts'

/** Version 6 keys and signatures as openpgp.js makes them, which gpg 2.2 does not know. */
export async function openpgpVectors(): Promise<readonly Question[]> {
  const date = new Date(moments.key * 1000)
  const { privateKey, publicKey } = await generateKey({
    type: 'curve25519',
    userIDs: [{ name: 'Vera', email: 'vera@example.org' }],
    date,
    format: 'object',
    subkeys: [{ sign: true }],
    config: { v6Keys: true },
  })
  const payload = commitText('signed by openpgp.js')
  const signature = await sign({
    message: await createMessage({ binary: Buffer.from(payload) }),
    signingKeys: privateKey,
    detached: true,
    date: new Date(moments.signed * 1000),
    config: { v6Keys: true },
  })
  const keyring = Buffer.from(publicKey.armor()).toString('base64')
  const armor = signature.replaceAll('\r', '')
  return [
    { name: 'openpgp.js version 6 subkey', keyring, now: moments.now, payload, armor },
    {
      name: 'openpgp.js version 6 subkey, payload changed',
      keyring,
      now: moments.now,
      payload: payload.replace('by', 'BY'),
      armor,
    },
  ]
}
