import { readFileSync } from 'node:fs'
import { moments, type Question } from './vector.ts'

/** The examples of git's gitformat-signature page and of RFC 9580 appendix A, from the files beside this one. */
export function publishedVectors(): readonly Question[] {
  const eris = keys('git/eris-discordia.asc')
  const v6 = keys('rfc9580/v6-certificate.asc')
  const grocery = 'What we need from the grocery store:\r\n\r\n- tofu\r\n- vegetables\r\n- noodles\r\n'
  return [
    { name: 'git example commit', keyring: eris, now: moments.now, ...commit('git/commit.txt') },
    { name: 'git example tag', keyring: eris, now: moments.now, ...tag('git/tag.txt') },
    { name: 'git example mergetag', keyring: eris, now: moments.now, ...mergetag('git/mergetag.txt') },
    {
      name: 'RFC 9580 A.6 text signature',
      keyring: v6,
      now: moments.now,
      payload: grocery,
      armor: file('rfc9580/v6-text-signature.asc'),
    },
    {
      name: 'RFC 9580 A.2 v4 Ed25519',
      keyring: keys('rfc9580/v4-ed25519.asc'),
      now: moments.now,
      payload: 'OpenPGP',
      armor: file('rfc9580/v4-ed25519-signature.asc'),
    },
  ]
}

const file = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
const keys = (name: string): string => Buffer.from(file(name)).toString('base64')

function commit(name: string): { payload: string; armor: string } {
  const lines = file(name).split('\n')
  const start = lines.findIndex((line) => line.startsWith('gpgsig '))
  const end = lines.findIndex((line, i) => i > start && !line.startsWith(' '))
  const armor = lines.slice(start, end).map((line, i) => line.slice(i === 0 ? 'gpgsig '.length : 1))
  return { payload: [...lines.slice(0, start), ...lines.slice(end)].join('\n'), armor: `${armor.join('\n')}\n` }
}

function tag(name: string): { payload: string; armor: string } {
  const text = file(name)
  const start = text.indexOf('-----BEGIN')
  return { payload: text.slice(0, start), armor: text.slice(start) }
}

function mergetag(name: string): { payload: string; armor: string } {
  const lines = file(name).split('\n')
  const start = lines.findIndex((line) => line.startsWith('mergetag '))
  const end = lines.findIndex((line, i) => i > start && !line.startsWith(' '))
  const text = lines.slice(start, end).map((line, i) => line.slice(i === 0 ? 'mergetag '.length : 1))
  const joined = `${text.join('\n')}\n`
  const begin = joined.indexOf('-----BEGIN')
  return { payload: joined.slice(0, begin), armor: joined.slice(begin) }
}
