import { Client } from 'pg'
import { endedInTime } from './connections.ts'
import type { DatabasePlace } from './database-url.ts'

/** What the functions of our schema tell everybody: evidence was submitted, was placed, or the sequencer resigned. */
export type Notice = 'submitted' | 'placed' | 'resigned'

/** Listens to a database. Notices may get lost: whoever waits for one also looks by itself from time to time. */
export interface Notices {
  /** Calls back at a notice, and whenever the connection is made anew, because one may have been missed before. */
  on(notice: Notice, listener: () => void): void
  close(): Promise<void>
}

/** Listens for as long as it is not closed; a connection that is lost is made again. Never rejects. */
export function listenForNotices(place: DatabasePlace, schema: string): Notices {
  const listeners = new Map<string, (() => void)[]>()
  let client: Client | null = null
  let retry: NodeJS.Timeout | null = null
  let isClosed = false

  const lost = (broken: Client): void => {
    broken.end().catch(() => {})
    if (client !== broken || isClosed) return
    client = null
    retry = setTimeout(connect, RETRY_MS)
  }
  const connect = async (): Promise<void> => {
    const own = new Client(place.config)
    client = own
    own.on('error', () => lost(own))
    own.on('end', () => lost(own))
    own.on('notification', ({ channel }) => {
      for (const listener of listeners.get(channel) ?? []) listener()
    })
    try {
      await own.connect()
      for (const notice of ['submitted', 'placed', 'resigned'] as const) await own.query(`LISTEN ${schema}_${notice}`)
    } catch {
      return lost(own)
    }
    for (const each of listeners.values()) for (const listener of each) listener()
  }
  const connecting = connect()
  return {
    on: (notice, listener) => {
      const channel = `${schema}_${notice}`
      listeners.set(channel, [...(listeners.get(channel) ?? []), listener])
    },
    close: async () => {
      isClosed = true
      if (retry !== null) clearTimeout(retry)
      await connecting
      if (client !== null) await endedInTime(client.end())
    },
  }
}

const RETRY_MS = 500
