import { printable, toBase64, toHex } from '../../bytes/encoding.ts'
import { type DerReader, SEQUENCE, SET } from './der.ts'

/** One attribute of a name: its type in dotted form, and its value as text, or `#` and the hex of its encoding. */
interface NameAttribute {
  readonly type: string
  readonly value: string
}

/** A distinguished name. `parts` are as encoded, each with the attributes of one relative name; `key` identifies the bytes. */
export interface DistinguishedName {
  readonly parts: readonly (readonly NameAttribute[])[]
  /** Base64 of the encoding: names are equal when their bytes are (RFC 5280 §6.1.3 allows looser rules, no CA needs them). */
  readonly key: string
}

const TYPES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'SerialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'T',
  '2.5.4.42': 'GN',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
  '1.2.840.113549.1.9.1': 'EMail',
}
const GPGSM_ORDER = ['CN', 'OU', 'O', 'STREET', 'L', 'ST', 'C', 'EMail']
const TEXT_ENCODINGS: Readonly<Record<number, 'utf8' | 'latin1'>> = {
  12: 'utf8',
  18: 'latin1',
  19: 'latin1',
  20: 'latin1',
  22: 'latin1',
}

/** Reads a Name (RFC 5280 §4.1.2.4). */
export function readName(reader: DerReader): DistinguishedName {
  const element = reader.element(SEQUENCE)
  const parts = [...reader.inside(element).each(SET)].map((set) =>
    [...reader.inside(set).each(SEQUENCE)].map((pair) => readAttribute(reader.inside(pair))),
  )
  return { parts, key: nameKey(element.whole) }
}

/** What tells encoded names apart; see {@link DistinguishedName}. */
export function nameKey(encoded: Uint8Array): string {
  return toBase64(encoded)
}

function readAttribute(reader: DerReader): NameAttribute {
  const type = reader.oid()
  const { tag, body, whole } = reader.any()
  reader.end()
  const encoding = TEXT_ENCODINGS[tag]
  return { type, value: encoding === undefined ? `#${toHex(whole)}` : Buffer.from(body).toString(encoding) }
}

/** The name in one line, last part first, special characters escaped (RFC 4514). Control characters are replaced. */
export function formatName(name: DistinguishedName): string {
  return name.parts
    .toReversed()
    .map((attributes) => attributes.map(({ type, value }) => `${TYPES[type] ?? type}=${escaped(value)}`).join('+'))
    .join(',')
}

const escaped = (value: string): string => printable(value.replaceAll(/[,+"\\<>;]|^[ #]| $/g, '\\$&'))

/** The name as gpgsm and so git's `%GS` write it: `/CN=…/OU=…/O=…`, in an order of gpgsm's own. Null when it is empty. */
export function formatNameAsGpgsm(name: DistinguishedName): string | null {
  const attributes = name.parts.toReversed().flat()
  if (attributes.length === 0) return null
  const labelled = attributes.map(({ type, value }) => ({ label: TYPES[type] ?? type, value }))
  return labelled
    .toSorted((a, b) => rankOf(a.label) - rankOf(b.label))
    .map(({ label, value }) => `/${label}=${escapedAsGpgsm(value)}`)
    .join('')
}

function escapedAsGpgsm(value: string): string {
  const ascii = value.replaceAll(/[\u0000-\u001f\u007f/\\]/g, (char) => `\\x${toHex(Buffer.from(char))}`)
  return ascii.replaceAll(/[^ -~]/gu, (char) => toHex(Buffer.from(char)).replaceAll(/../g, '%$&').toUpperCase())
}

function rankOf(label: string): number {
  const index = GPGSM_ORDER.indexOf(label)
  return index === -1 ? GPGSM_ORDER.length : index
}
