import {
  BytesError,
  COSIGNATURE_V1,
  cosignatureKey,
  ED25519_NOTE,
  ed25519NoteKey,
  fromUtf8,
  parseVerifierKey,
  printable,
  TlogError,
  toHex,
  type VerifierKey,
} from '@countersign/verify'
import {
  type PolicyLog,
  type PolicyWitness,
  type QuorumPart,
  type WitnessPolicy,
  WitnessPolicyError,
} from './witness-policy.ts'

/**
 * Reads a policy in the text form of c2sp.org/tlog-policy. Throws {@link WitnessPolicyError}, which names the line.
 *
 * Stricter than the format in three points: the last line must end in a newline, because a policy that was cut off may ask for
 * less; there may be at most 64 logs, 64 witnesses and 64 groups; keys other than Ed25519 are refused.
 */
export function parseWitnessPolicy(bytes: Uint8Array): WitnessPolicy {
  if (bytes.length > MAX_POLICY_BYTES) throw new WitnessPolicyError('policy_too_long', 1, `${bytes.length} bytes`)
  const draft: Draft = { logs: [], witnesses: [], named: new Map(), groups: 0, keys: new Set(), members: new Set() }
  // One character a byte: names are compared as bytes, whatever their encoding.
  const lines = Buffer.from(bytes).toString('latin1').split('\n')
  for (const [at, text] of lines.entries()) {
    const line = { number: at + 1, items: itemsOf(text, at + 1) }
    if (line.items.length > 0) takeLine(draft, line)
  }
  if (lines.at(-1) !== '') throw new WitnessPolicyError('line_unfinished', lines.length, 'no newline at its end')
  const { logs, witnesses, quorum } = draft
  if (quorum === undefined) {
    throw new WitnessPolicyError('quorum_missing', lines.length, 'the policy ends without a quorum line')
  }
  return { logs, witnesses, quorum }
}

const MAX_POLICY_BYTES = 65_536
const MAX_DEFINITIONS = 64
const NONE = 'none'

/** What has been read so far. Names and keys are as they stand in the file, one character a byte. */
interface Draft {
  readonly logs: PolicyLog[]
  readonly witnesses: PolicyWitness[]
  readonly named: Map<string, QuorumPart>
  /** How many groups. */
  groups: number
  /** What must not come twice: `log` or `witness` and a public key, or its name and id. */
  readonly keys: Set<string>
  readonly members: Set<string>
  quorum?: QuorumPart | null
}

interface Line {
  readonly number: number
  readonly items: readonly string[]
}

function itemsOf(text: string, number: number): readonly string[] {
  const odd = /[^\t\x20-\x7e\x80-\xff]/.exec(text)?.[0]
  if (odd !== undefined) {
    const hex = odd.charCodeAt(0).toString(16).padStart(2, '0')
    throw new WitnessPolicyError('bad_character', number, `the byte 0x${hex}, which no policy may hold`)
  }
  const items = text.split(/[\t ]+/).filter((item) => item !== '')
  return items[0]?.startsWith('#') ? [] : items
}

function takeLine(draft: Draft, line: Line): void {
  const [keyword] = line.items
  if (keyword === 'log') takeLog(draft, line)
  else if (keyword === 'witness') takeWitness(draft, line)
  else if (keyword === 'group') takeGroup(draft, line)
  else if (keyword === 'quorum') takeQuorum(draft, line)
  else throw new WitnessPolicyError('unknown_keyword', line.number, `${shown(keyword)} is no keyword`)
}

function takeLog(draft: Draft, line: Line): void {
  const [, vkey = '', url] = counted(line, 2, 3, 'log KEY [URL]')
  const verifierKey = textOf(vkey)
  const { publicKey } = verifierKeyOf(line, verifierKey, ED25519_NOTE)
  claimKey(draft, line, 'log', verifierKey)
  requireRoom(line, draft.logs.length, 'logs')
  draft.logs.push({ key: ed25519NoteKey(verifierKey), verifierKey, publicKey, url: urlOf(line, url) })
}

function takeWitness(draft: Draft, line: Line): void {
  const [, name = '', vkey = '', url] = counted(line, 3, 4, 'witness NAME KEY [URL]')
  const verifierKey = textOf(vkey)
  verifierKeyOf(line, verifierKey, COSIGNATURE_V1)
  claimKey(draft, line, 'witness', verifierKey)
  requireRoom(line, draft.witnesses.length, 'witnesses')
  const key = cosignatureKey(verifierKey)
  const witness = { kind: 'witness', name: textOf(name), key, verifierKey, url: urlOf(line, url) } as const
  define(draft, line, name, witness)
  draft.witnesses.push(witness)
}

function takeGroup(draft: Draft, line: Line): void {
  const [, name = '', threshold = '', ...names] = counted(line, 4, Number.POSITIVE_INFINITY, GROUP_FORM)
  const members = names.map((member) => memberOf(draft, line, member))
  requireRoom(line, draft.groups, 'groups')
  define(draft, line, name, {
    kind: 'group',
    name: textOf(name),
    threshold: thresholdOf(line, threshold, members.length),
    members,
  })
  draft.groups += 1
}

const GROUP_FORM = 'group NAME all|any|NUMBER MEMBER...'

function takeQuorum(draft: Draft, line: Line): void {
  const [, name = ''] = counted(line, 2, 2, 'quorum NAME')
  if (draft.quorum !== undefined) throw new WitnessPolicyError('second_quorum', line.number, 'a second quorum line')
  draft.quorum = name === NONE ? null : partNamed(draft, line, name)
}

function memberOf(draft: Draft, line: Line, name: string): QuorumPart {
  if (name === NONE) throw new WitnessPolicyError('reserved_name', line.number, 'none cannot be a member')
  const part = partNamed(draft, line, name)
  // Each witness may count in one way only, else one alone could fill two places of a quorum.
  if (draft.members.has(name)) {
    throw new WitnessPolicyError('member_twice', line.number, `${shown(name)} is a member of a group already`)
  }
  draft.members.add(name)
  return part
}

function partNamed(draft: Draft, line: Line, name: string): QuorumPart {
  const part = draft.named.get(name)
  if (part === undefined) {
    throw new WitnessPolicyError('unknown_name', line.number, `no line above defines ${shown(name)}`)
  }
  return part
}

function define(draft: Draft, line: Line, name: string, part: QuorumPart): void {
  if (name === NONE) throw new WitnessPolicyError('reserved_name', line.number, 'none has a meaning of its own')
  if (draft.named.has(name)) {
    throw new WitnessPolicyError('duplicate_name', line.number, `${shown(name)} is defined above`)
  }
  draft.named.set(name, part)
}

function counted(line: Line, least: number, most: number, form: string): readonly string[] {
  const { length } = line.items
  if (length < least || length > most) {
    throw new WitnessPolicyError('wrong_item_count', line.number, `not of the form ${form}`)
  }
  return line.items
}

function thresholdOf(line: Line, text: string, members: number): number {
  if (text === 'any') return 1
  if (text === 'all') return members
  const threshold = /^[1-9][0-9]{0,2}$/.test(text) ? Number(text) : 0
  if (threshold >= 1 && threshold <= members) return threshold
  const message = `${shown(text)} is neither all nor any nor a number from 1 to ${members}`
  throw new WitnessPolicyError('bad_threshold', line.number, message)
}

function verifierKeyOf(line: Line, text: string, type: number): VerifierKey {
  try {
    const key = parseVerifierKey(text)
    if (key.type === type && key.publicKey.length === 32) return key
    if (key.type === type) throw new WitnessPolicyError('malformed_key', line.number, 'an Ed25519 key has 32 bytes')
    const message = `a key of type ${key.type} where type ${type} is wanted`
    throw new WitnessPolicyError('wrong_key_type', line.number, message)
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    throw new WitnessPolicyError('malformed_key', line.number, `no verifier key: ${cause.message}`)
  }
}

function claimKey(draft: Draft, line: Line, role: 'log' | 'witness', verifierKey: string): void {
  const { name, keyId, publicKey } = parseVerifierKey(verifierKey)
  // Two keys that share name and id cannot be told apart on a note either.
  for (const claim of [`${role} ${toHex(publicKey)}`, `${role} ${name}+${keyId}`]) {
    if (draft.keys.has(claim)) {
      throw new WitnessPolicyError('duplicate_key', line.number, `a ${role} above has the same key`)
    }
    draft.keys.add(claim)
  }
}

function urlOf(line: Line, text: string | undefined): string | null {
  if (text === undefined) return null
  const url = textOf(text)
  if (URL.canParse(url)) return url
  throw new WitnessPolicyError('malformed_url', line.number, `${shown(text)} is no URL`)
}

function requireRoom(line: Line, defined: number, what: string): void {
  if (defined < MAX_DEFINITIONS) return
  throw new WitnessPolicyError('too_many_definitions', line.number, `more than ${MAX_DEFINITIONS} ${what}`)
}

/** The text of an item, as UTF-8 where it is that. Names are told apart before this. */
function textOf(item: string): string {
  try {
    return fromUtf8(Buffer.from(item, 'latin1'))
  } catch (cause) {
    if (cause instanceof BytesError) return item
    throw cause
  }
}

function shown(item: string | undefined): string {
  return `"${printable(textOf(item ?? ''))}"`
}
