import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { type SmtpContext, type SmtpHandle, type SmtpStage, startSmtp } from './smtp.ts'

let server: SmtpHandle
const open: Socket[] = []
afterEach(async () => {
  for (const socket of open) socket.destroy()
  await server.stop()
})

/** A conversation: each line is sent after the reply to the one before. Returns the code of every reply. */
class Conversation {
  #socket: Socket
  #replies = ''

  constructor(socket: Socket) {
    this.#socket = this.#listenTo(socket)
  }

  async say(line: string, withinMs = 2000): Promise<string> {
    this.#socket.write(`${line}\r\n`)
    return this.reply(withinMs)
  }

  async reply(withinMs = 2000): Promise<string> {
    const deadline = Date.now() + withinMs
    for (;;) {
      const [all = '', code = ''] = /^(?:\d{3}-.*\r\n)*(\d{3}) .*\r\n/.exec(this.#replies) ?? []
      if (all !== '') {
        this.#replies = this.#replies.slice(all.length)
        return code
      }
      if (Date.now() > deadline) return 'silence'
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  encrypt(ca: string): Promise<void> {
    this.#socket.removeAllListeners('data')
    return new Promise((resolve, reject) => {
      const secure = connectTls({ socket: this.#socket, ca, host: '127.0.0.1' }, resolve)
      secure.on('error', reject)
      this.#socket = this.#listenTo(secure)
    })
  }

  #listenTo(socket: Socket): Socket {
    open.push(socket)
    return socket.setEncoding('utf8').on('data', (text: string) => {
      this.#replies += text
    })
  }
}

async function start(context?: SmtpContext): Promise<Conversation> {
  server = await startSmtp(context)
  return new Conversation(connect(server.port, server.host))
}

async function send(talk: Conversation, headers: readonly string[], body: string): Promise<readonly string[]> {
  const lines = ['EHLO test', 'MAIL FROM:<countersign@shop.example>', 'RCPT TO:<security@shop.example>', 'DATA']
  const codes: string[] = []
  for (const line of lines) codes.push(await talk.say(line))
  codes.push(await talk.say([...headers, '', body, '.'].join('\r\n')))
  return codes
}

test('a mail arrives with its envelope, its headers and its text', async () => {
  const talk = await start()
  expect(await talk.reply()).toBe('220')
  const coming = server.until(({ subject }) => subject.includes('Notfall'))
  const subject = 'Subject: =?UTF-8?B?8J+aqCBOb3RmYWxs?=\r\n =?UTF-8?Q?_f=C3=BCr_Alice?='
  expect(await send(talk, [subject, 'To: Somebody Else <other@shop.example>'], 'line\r\n\r\nend')).toEqual([
    '250',
    '250',
    '250',
    '354',
    '250',
  ])
  expect(await coming).toMatchObject({
    from: 'countersign@shop.example',
    to: ['security@shop.example'],
    subject: '\u{1f6a8} Notfall f\u00fcr Alice',
    body: 'line\r\n\r\nend\r\n',
    login: null,
    isEncrypted: false,
  })
  expect(server.mails[0]?.headers.get('to')).toBe('Somebody Else <other@shop.example>')
})

const STAGES: readonly SmtpStage[] = ['connect', 'sender', 'recipient', 'data']

test.for(STAGES)('it refuses, defers and stalls at %s, and then keeps nothing', async (at) => {
  await start()
  const place = STAGES.indexOf(at)
  for (const [does, code] of [['refuse', '550'] as const, ['defer', '451'] as const, ['stall', 'silence'] as const]) {
    server.behave({ does, at })
    const talk = new Conversation(connect(server.port, server.host))
    const heard = [await talk.reply(300)]
    for (const line of ['EHLO test', 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'DATA', '\r\ntext\r\n.']) {
      if (heard.at(-1) === 'silence' || Number(heard.at(-1)) >= 400) break
      heard.push(await talk.say(line, 300))
    }
    expect([heard.length, heard.at(-1)]).toEqual([[1, 3, 4, 6][place], code])
  }
  expect(server.mails).toEqual([])
})

test('with passwords, nobody sends before logging in', async () => {
  const talk = await start({ passwords: { countersign: 'secret' } })
  const plain = (login: string, password: string): string =>
    `AUTH PLAIN ${Buffer.from(`\0${login}\0${password}`).toString('base64')}`
  await talk.reply()
  await talk.say('EHLO test')
  expect(await talk.say('MAIL FROM:<a@b>')).toBe('530')
  expect(await talk.say(plain('countersign', 'wrong'))).toBe('535')
  expect(await talk.say(plain('countersign', 'secret'))).toBe('235')
  expect(await send(talk, ['Subject: s'], 't')).toContain('354')
  expect((await server.until(() => true)).login).toBe('countersign')
})

test('with a certificate, passwords are taken after STARTTLS only', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'csn-smtp-'))
  const [key = '', cert = ''] = ['key.pem', 'cert.pem'].map((name) => join(folder, name))
  const named = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  execFileSync('openssl', [...made, '-keyout', key, '-out', cert, ...named], { stdio: 'ignore' })
  const pem = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
  rmSync(folder, { recursive: true })
  const talk = await start({ passwords: { countersign: 'secret' }, tls: pem })
  const login = `AUTH PLAIN ${Buffer.from('\0countersign\0secret').toString('base64')}`
  await talk.reply()
  await talk.say('EHLO test')
  expect(await talk.say(login)).toBe('538')
  expect(await talk.say('STARTTLS')).toBe('220')
  await talk.encrypt(pem.cert)
  await talk.say('EHLO test')
  expect(await talk.say(login)).toBe('235')
  await send(talk, ['Subject: s'], 't')
  expect((await server.until(() => true)).isEncrypted).toBe(true)
})
