import { expect, test } from 'vitest'
import { answerFromRaw } from './git-status.ts'

const gpg = (...lines: readonly string[]): string => lines.map((line) => `[GNUPG:] ${line}\n`).join('')
const print = 'SHA256:abc'

test.for([
  { name: 'nothing said', raw: '', letter: 'N' },
  { name: 'no signature', raw: 'error: no signature found\n', letter: 'N' },
  { name: 'git died', raw: 'fatal: bad signature\n', letter: '!' },
  { name: 'gpg found no data', raw: gpg('NODATA 4'), letter: 'N' },
  {
    name: 'good',
    raw: gpg('NEWSIG', 'GOODSIG ABCD A B <a@b>', 'TRUST_FULLY 0 pgp'),
    letter: 'G',
    key: 'ABCD',
    signer: 'A B <a@b>',
  },
  { name: 'good without a word on trust', raw: gpg('GOODSIG ABCD A'), letter: 'G', key: 'ABCD', signer: 'A' },
  {
    name: 'good with undefined trust',
    raw: gpg('GOODSIG ABCD A', 'TRUST_UNDEFINED 0'),
    letter: 'U',
    key: 'ABCD',
    signer: 'A',
  },
  {
    name: 'good and never trusted',
    raw: gpg('GOODSIG ABCD A', 'TRUST_NEVER 0'),
    letter: 'U',
    key: 'ABCD',
    signer: 'A',
  },
  {
    name: 'bad with undefined trust',
    raw: gpg('BADSIG ABCD A', 'TRUST_UNDEFINED 0'),
    letter: 'B',
    key: 'ABCD',
    signer: 'A',
  },
  { name: 'key missing', raw: gpg('ERRSIG ABCD 22 10 00 1 9 -', 'NO_PUBKEY ABCD'), letter: 'E', key: 'ABCD' },
  { name: 'signature expired', raw: gpg('EXPSIG ABCD A'), letter: 'X', key: 'ABCD', signer: 'A' },
  { name: 'key expired', raw: gpg('EXPKEYSIG ABCD A'), letter: 'Y', key: 'ABCD', signer: 'A' },
  { name: 'key revoked', raw: gpg('REVKEYSIG ABCD A'), letter: 'R', key: 'ABCD', signer: 'A' },
  { name: 'two signatures', raw: gpg('GOODSIG ABCD A', 'GOODSIG EF B'), letter: 'E' },
  { name: 'a trust word that git does not know', raw: gpg('GOODSIG ABCD A', 'TRUST_SURE 0'), letter: 'E' },
  {
    name: 'ssh, known',
    raw: `Good "git" signature for a with b with ED25519 key ${print}\n`,
    letter: 'G',
    key: print,
    signer: 'a with b',
  },
  {
    name: 'ssh, unknown',
    raw: `Good "git" signature with ED25519 key ${print}\nno principal\n`,
    letter: 'U',
    key: print,
  },
  { name: 'ssh, refused', raw: 'Signature verification failed: incorrect signature\n', letter: 'B' },
  {
    name: 'ssh, good only in its second line',
    raw: `x\nGood "git" signature with ED25519 key ${print}\n`,
    letter: 'B',
  },
])('derives what git would print: $name', ({ raw, letter, key = '', signer = '' }) => {
  expect(answerFromRaw(raw)).toEqual({ letter, key, signer })
})
