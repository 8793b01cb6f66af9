import type { Dice } from '../signers/dice.ts'
import { pgpArmor } from '../signers/openpgp-packets.ts'
import { sshArmor } from '../signers/sshsig.ts'

/** One way to change the armour of a signature after it was made. */
export interface ArmorDamage {
  readonly name: string
  apply(armor: string, dice: Dice): string
}

/** One way to change an object after it was signed; the object stays one that git can read. */
export interface ObjectDamage {
  readonly name: string
  apply(object: Buffer, dice: Dice): Buffer
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Damage worth repeating many times, since every roll of the dice hits another byte. */
export const randomDamage: readonly ArmorDamage[] = [
  { name: 'base64-letter-changed', apply: (armor, dice) => changeLetter(armor, dice) },
  { name: 'bit-flipped', apply: (armor, dice) => rebuild(armor, (bytes) => flipBit(bytes, dice)) },
  { name: 'cut-short', apply: (armor, dice) => armor.slice(0, 1 + dice.below(armor.length - 1)) },
  {
    name: 'bytes-cut-short',
    apply: (armor, dice) => rebuild(armor, (bytes) => bytes.subarray(0, dice.below(bytes.length))),
  },
  { name: 'byte-inserted', apply: (armor, dice) => rebuild(armor, (bytes) => insertByte(bytes, dice)) },
  {
    name: 'line-lost',
    apply: (armor, dice) => {
      const lines = armor.split('\n')
      return lines.toSpliced(dice.below(lines.length), 1).join('\n')
    },
  },
]

/** Damage and mere oddities that need no dice. */
export const fixedDamage: readonly ArmorDamage[] = [
  { name: 'crlf', apply: (armor) => armor.replaceAll('\n', '\r\n') },
  { name: 'cr-only', apply: (armor) => armor.replaceAll('\n', '\r') },
  { name: 'no-end-line', apply: (armor) => armor.slice(0, armor.lastIndexOf('\n')) },
  { name: 'begin-line-only', apply: (armor) => armor.slice(0, armor.indexOf('\n')) },
  {
    name: 'empty-body',
    apply: (armor) => `${armor.slice(0, armor.indexOf('\n'))}${armor.slice(armor.lastIndexOf('\n'))}`,
  },
  { name: 'end-line-glued-on', apply: (armor) => armor.replace(/\n(?=-----END)/, '') },
  { name: 'text-after-end', apply: (armor) => `${armor} text` },
  { name: 'lines-after-end', apply: (armor) => `${armor}\nmore\nlines` },
  { name: 'armour-twice', apply: (armor) => `${armor}\n${armor}` },
  { name: 'space-before-begin', apply: (armor) => ` ${armor}` },
  { name: 'text-after-begin', apply: (armor) => armor.replace('-----\n', '-----x\n') },
  { name: 'spaces-at-line-ends', apply: (armor) => armor.replaceAll('\n', ' \n') },
  { name: 'spaces-at-line-starts', apply: (armor) => armor.replaceAll('\n', '\n ') },
  { name: 'tabs-inside', apply: (armor) => inBody(armor, (body) => body.replace(/(.{9})/, '$1\t')) },
  { name: 'blank-line-inside', apply: (armor) => inBody(armor, (body) => body.replace(/\n(?=[^\n]*$)/, '\n\n')) },
  { name: 'blank-line-first', apply: (armor) => inBody(armor, (body) => `\n${body}`) },
  { name: 'blank-line-last', apply: (armor) => inBody(armor, (body) => `${body}\n`) },
  { name: 'no-padding', apply: (armor) => armor.replaceAll(/(?<=[A-Za-z0-9+/])=+(?=\n)/g, '') },
  { name: 'too-much-padding', apply: (armor) => inBody(armor, (body) => `${body}==`) },
  { name: 'padding-inside', apply: (armor) => inBody(armor, (body) => `${body.slice(0, 20)}=${body.slice(20)}`) },
  { name: 'url-alphabet', apply: (armor) => inBody(armor, (body) => body.replaceAll('+', '-').replaceAll('/', '_')) },
  { name: 'not-base64', apply: (armor) => inBody(armor, (body) => `*${body.slice(1)}`) },
  { name: 'nul-inside', apply: (armor) => inBody(armor, (body) => `${body.slice(0, 12)}\0${body.slice(12)}`) },
  { name: 'byte-ff-inside', apply: (armor) => inBody(armor, (body) => `${body.slice(0, 12)}\u00ff${body.slice(12)}`) },
  { name: 'end-line-of-another-kind', apply: (armor) => armor.replace(/-----END .*$/, '-----END PGP MESSAGE-----') },
  { name: 'begin-line-in-lower-case', apply: (armor) => armor.replace('BEGIN', 'begin') },
  { name: 'nothing-but-zeros', apply: (armor) => rebuild(armor, (bytes) => Buffer.alloc(bytes.length)) },
  { name: 'bytes-added', apply: (armor) => rebuild(armor, (bytes) => Buffer.concat([bytes, Buffer.from('extra')])) },
  { name: 'bytes-twice', apply: (armor) => rebuild(armor, (bytes) => Buffer.concat([bytes, bytes])) },
  { name: 'no-bytes', apply: (armor) => rebuild(armor, () => Buffer.alloc(0)) },
  { name: 'long-line', apply: (armor) => inBody(armor, (body) => body.replaceAll('\n', '')) },
  { name: 'short-lines', apply: (armor) => inBody(armor, (body) => body.replaceAll(/(.{10})/g, '$1\n')) },
  { name: '100-kB-of-letters-more', apply: (armor) => inBody(armor, (body) => `${body}\n${'AAAA'.repeat(25_000)}`) },
]

/** Changes of the signed bytes; each row leaves tree, parents and dates readable. */
export const objectDamage: readonly ObjectDamage[] = [
  { name: 'letter-of-a-name', apply: (object) => replaceOnce(object, 'example', 'exampel') },
  { name: 'date-one-second-later', apply: (object) => bumpDate(object) },
  { name: 'message-letter', apply: (object) => changeAfterBlank(object) },
  { name: 'blank-line-doubled', apply: (object) => replaceOnce(object, '\n\n', '\n\n\n') },
  { name: 'header-added', apply: (object) => replaceOnce(object, '\n\n', '\nx-added 1\n\n') },
]

/** The binary of an armour, changed and armoured again with a checksum that fits. */
function rebuild(armor: string, change: (bytes: Buffer) => Buffer): string {
  const bytes = change(armorBytes(armor))
  if (armor.startsWith('-----BEGIN SSH')) return sshArmor(bytes)
  if (armor.startsWith('-----BEGIN PGP')) return pgpArmor(bytes)
  return pgpArmor(bytes, { label: 'SIGNED MESSAGE', checksum: false }).replace('\n\n', '\n')
}

/** The bytes inside an armour that is whole. */
export function armorBytes(armor: string): Buffer {
  const lines = armor.split('\n').slice(1, -1)
  const start = lines.indexOf('') + 1
  return Buffer.from(
    lines
      .slice(start)
      .filter((line) => !line.startsWith('='))
      .join(''),
    'base64',
  )
}

function inBody(armor: string, change: (body: string) => string): string {
  const start = armor.indexOf('\n') + 1
  const end = armor.lastIndexOf('\n')
  return armor.slice(0, start) + change(armor.slice(start, end)) + armor.slice(end)
}

function changeLetter(armor: string, dice: Dice): string {
  return inBody(armor, (body) => {
    const at = dice.below(body.length)
    if (body[at] === '\n') return body
    const letter = ALPHABET[(ALPHABET.indexOf(body[at] as string) + 1 + dice.below(62)) % 64]
    return body.slice(0, at) + letter + body.slice(at + 1)
  })
}

function flipBit(bytes: Buffer, dice: Dice): Buffer {
  const changed = Buffer.from(bytes)
  const at = dice.below(bytes.length)
  changed[at] = (bytes[at] as number) ^ (1 << dice.below(8))
  return changed
}

function insertByte(bytes: Buffer, dice: Dice): Buffer {
  const at = dice.below(bytes.length + 1)
  return Buffer.concat([bytes.subarray(0, at), dice.bytes(1), bytes.subarray(at)])
}

function replaceOnce(object: Buffer, from: string, to: string): Buffer {
  return Buffer.from(object.toString('latin1').replace(from, to), 'latin1')
}

function bumpDate(object: Buffer): Buffer {
  const text = object.toString('latin1')
  const changed = text.replace(/^((?:committer|tagger) .* )(\d+)( \+0000)$/m, (_all, head, date, zone) => {
    return `${head}${Number(date) + 1}${zone}`
  })
  return Buffer.from(changed, 'latin1')
}

function changeAfterBlank(object: Buffer): Buffer {
  const changed = Buffer.from(object)
  const at = object.indexOf('\n\n') + 2
  changed[at] = (object[at] as number) ^ 1
  return changed
}
