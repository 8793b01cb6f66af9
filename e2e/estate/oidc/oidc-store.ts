import type { Adapter, AdapterPayload } from 'oidc-provider'

/** What one provider remembers, in memory and apart from every other provider of this process. */
export class OidcStore {
  readonly #payloads = new Map<string, AdapterPayload>()

  /** The part of the store for one kind of thing: sessions, grants, codes, tokens. */
  part(kind: string): Adapter {
    const payloads = this.#payloads
    const where = (id: string): string => `${kind}:${id}`
    const findBy = (name: 'uid' | 'userCode', value: string): AdapterPayload | undefined =>
      [...payloads].find(([key, payload]) => key.startsWith(`${kind}:`) && payload[name] === value)?.[1]
    return {
      upsert: async (id, payload) => void payloads.set(where(id), payload),
      find: async (id) => payloads.get(where(id)),
      findByUid: async (uid) => findBy('uid', uid),
      findByUserCode: async (userCode) => findBy('userCode', userCode),
      destroy: async (id) => void payloads.delete(where(id)),
      consume: async (id) => {
        const payload = payloads.get(where(id))
        if (payload !== undefined) payloads.set(where(id), { ...payload, consumed: Math.floor(Date.now() / 1000) })
      },
      revokeByGrantId: async (grantId) => {
        for (const [key, payload] of payloads) if (payload.grantId === grantId) payloads.delete(key)
      },
    }
  }
}
