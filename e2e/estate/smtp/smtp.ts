import { text } from 'node:stream/consumers'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import { listenLoopback } from '../loopback/loopback-server.ts'
import { type Patience, WaitingList } from '../loopback/waiting-list.ts'
import { type MailText, readMail } from './read-mail.ts'

/** How the server talks to its clients. */
export interface SmtpContext {
  /** Passwords by login. Without any, everybody may send, and AUTH is not offered. */
  readonly passwords?: Readonly<Record<string, string>>
  /** Key and certificate in PEM: offers STARTTLS, and takes passwords only after it. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** A mail that the server took. */
export interface ReceivedMail extends MailText {
  /** RFC 3339, by this machine's clock. */
  readonly at: string
  /** The envelope's sender and recipients: what was really asked for, whatever the headers say. */
  readonly from: string
  readonly to: readonly string[]
  readonly login: string | null
  readonly isEncrypted: boolean
}

/** Where in the conversation the server shows its manners. */
export type SmtpStage = 'connect' | 'sender' | 'recipient' | 'data'

/**
 * `accept`: takes every mail. `refuse`: a reply of the 500s, for good. `defer`: a reply of the 400s, try again. `stall`: says
 * nothing any more, and keeps the connection.
 */
export type SmtpManners =
  | { readonly does: 'accept' }
  | { readonly does: 'refuse' | 'defer'; readonly at: SmtpStage; readonly says?: string }
  | { readonly does: 'stall'; readonly at: SmtpStage }

/** A mail server that delivers nothing. */
export interface SmtpHandle {
  readonly host: string
  readonly port: number
  readonly mails: readonly ReceivedMail[]
  /** The first mail that `wants` takes, come before or to come. Rejects with `NothingCameError` after 20 s, or `withinMs`. */
  until(wants: (mail: ReceivedMail) => boolean, patience?: Patience): Promise<ReceivedMail>
  /** From now on behaves so, also on open connections. */
  behave(manners: SmtpManners): void
  stop(): Promise<void>
}

type Callback = (error?: Error | null) => void

const CODES = { refuse: 550, defer: 451 } as const

/** Starts a mail server on a free port of the loopback interface. */
export async function startSmtp({ passwords, tls }: SmtpContext = {}): Promise<SmtpHandle> {
  const list = new WaitingList<ReceivedMail>('mail server', ({ to, subject }) => `"${subject}" to ${to.join(', ')}`)
  let manners: SmtpManners = { does: 'accept' }
  const pass = (stage: SmtpStage, callback: Callback): void => show(manners, stage, callback)
  const server = new SMTPServer({
    ...accessOptions(passwords, tls),
    disableReverseLookup: true,
    closeTimeout: 1,
    onConnect: (_session, callback) => pass('connect', callback),
    onMailFrom: (_address, _session, callback) => pass('sender', callback),
    onRcptTo: (_address, _session, callback) => pass('recipient', callback),
    async onData(stream, session, callback) {
      const raw = await text(stream)
      pass('data', (error) => {
        if (!error) list.add(mailOf(raw, session))
        callback(error ?? null)
      })
    },
  })
  // A client that goes away in the middle is the client's matter.
  server.on('error', () => undefined)
  const port = await listenLoopback(server.server)
  return {
    host: '127.0.0.1',
    port,
    mails: list.items,
    until: (wants, patience) => list.until(wants, patience),
    behave(next) {
      manners = next
    },
    async stop() {
      list.close()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function accessOptions(passwords: SmtpContext['passwords'], tls: SmtpContext['tls']): SMTPServerOptions {
  const disabledCommands = [...(tls === undefined ? ['STARTTLS'] : []), ...(passwords === undefined ? ['AUTH'] : [])]
  return {
    ...tls,
    disabledCommands,
    authOptional: passwords === undefined,
    allowInsecureAuth: tls === undefined,
    onAuth({ username = '', password }, _session, callback) {
      const known = passwords !== undefined && Object.hasOwn(passwords, username) && passwords[username] === password
      callback(known ? null : new Error('wrong login or password'), known ? { user: username } : {})
    },
  }
}

function show(manners: SmtpManners, stage: SmtpStage, callback: Callback): void {
  if (manners.does === 'accept' || manners.at !== stage) callback()
  else if (manners.does !== 'stall') {
    const { does, says = does === 'refuse' ? 'not here' : 'try again later' } = manners
    callback(Object.assign(new Error(says), { responseCode: CODES[does] }))
  }
}

function mailOf(raw: string, { envelope, user, secure }: SMTPServerSession): ReceivedMail {
  const { mailFrom, rcptTo } = envelope
  return {
    at: new Date().toISOString(),
    from: mailFrom === false ? '' : mailFrom.address,
    to: rcptTo.map(({ address }) => address),
    login: user ?? null,
    isEncrypted: secure,
    ...readMail(raw),
  }
}
