import type { ObjectFormat } from '../history/git-object.ts'
import type { Dice } from '../signers/dice.ts'

/** What a recipe builds one object from. Ids are hex. */
export interface Draft {
  readonly format: ObjectFormat
  readonly index: number
  /** Seconds; the committer's or tagger's date unless the shape says otherwise. */
  readonly time: number
  readonly tree: string
  /** The commit before this one; also what a tag names. */
  readonly parent: string
  readonly dice: Dice
}

/** Makes the armour of a signature over a payload, without a line break at the end. */
export interface Signer {
  readonly name: string
  sign(payload: Buffer, draft: Draft): string
}

export type SignedType = 'commit' | 'tag'

/** An object before it is signed. Text is Latin-1, one character a byte, so that any bytes can be said. */
export interface Shape {
  readonly name: string
  text(draft: Draft): string
}

interface CommitParts {
  readonly author?: string
  readonly committer?: string
  readonly date?: string
  readonly headers?: string
  readonly message?: string
}

const DEFAULT_MESSAGE = 'Raise the limits\n\nTicket: OPS-7\n'

function commit(name: string, parts: CommitParts | ((draft: Draft) => CommitParts)): Shape {
  return {
    name,
    text: (draft) => {
      const given = typeof parts === 'function' ? parts(draft) : parts
      const { author = 'Dev <dev0@example.com>', committer = author, headers = '', message = DEFAULT_MESSAGE } = given
      const date = given.date ?? ` ${draft.time} +0000`
      const head = `tree ${draft.tree}\nparent ${draft.parent}\nauthor ${author} ${draft.time} +0000\n`
      return `${head}committer ${committer}${date}\n${headers}\n${message}`
    },
  }
}

interface TagParts {
  readonly tagger?: string | null
  readonly headers?: string
  readonly message?: string
  readonly name?: string
}

function tag(name: string, parts: TagParts): Shape {
  return {
    name,
    text: (draft) => {
      const { headers = '', message = 'Release\n\nNotes.\n', name: tagName = `c${draft.index}` } = parts
      const usual = `tagger Rel <rel@example.com> ${draft.time} +0000\n`
      const tagger = parts.tagger === undefined ? usual : (parts.tagger ?? '')
      return `object ${draft.parent}\ntype commit\ntag ${tagName}\n${tagger}${headers}\n${message}`
    },
  }
}

const FAKE_ARMOR = '-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n'

/** The ordinary commit. */
export const plainCommit = commit('plain', {})

/** The ordinary annotated tag. */
export const plainTag = tag('plain', {})

/** Commits that are odd before anybody signs them. */
export const commitShapes: readonly Shape[] = [
  commit('crlf-message', { message: 'One\r\nTwo\r\n' }),
  commit('nul-in-message', { message: 'before\0after\n' }),
  commit('nul-first-in-message', { message: '\0\n' }),
  commit('latin1-author-with-encoding', { author: 'J\xf6rg <j@example.com>', headers: 'encoding ISO-8859-1\n' }),
  commit('author-not-utf8', { author: 'J\xf6\xff <j@example.com>' }),
  commit('no-final-newline', { message: 'short' }),
  commit('empty-message', { message: '' }),
  commit('message-of-blank-lines', { message: '\n\n\n' }),
  commit('unknown-encoding', { headers: 'encoding x-none\n' }),
  commit('utf16-encoding', { headers: 'encoding UTF-16\n' }),
  commit('header-of-100-kB', { headers: `x-huge ${'0123456789'.repeat(10_000)}\n` }),
  commit('header-of-many-lines', { headers: `x-many a\n${' line\n'.repeat(3000)}` }),
  commit('unknown-header', { headers: 'x-review 17\n' }),
  commit('message-holds-an-armour', { message: `Quote:\n${FAKE_ARMOR}` }),
  commit('message-holds-a-gpgsig-line', { message: `gpgsig ${FAKE_ARMOR}` }),
  commit('date-zero', { date: ' 0 +0000' }),
  commit('date-one', { date: ' 1 +0000' }),
  commit('date-2038', { date: ' 2147483648 +0000' }),
  commit('date-of-year-5138', { date: ' 99999999999 +0000' }),
  commit('date-of-year-33658', { date: ' 999999999999 +0000' }),
  commit('date-over-64-bits', { date: ' 99999999999999999999 +0000' }),
  commit('date-negative', { date: ' -5 +0000' }),
  commit('date-missing', { date: '' }),
  commit('date-not-a-number', { date: ' soon +0000' }),
  commit('date-without-zone', (draft) => ({ date: ` ${draft.time}` })),
  commit('date-with-odd-zone', (draft) => ({ date: ` ${draft.time} +9999` })),
  commit('date-with-leading-zeros', (draft) => ({ date: ` 000${draft.time} -0730` })),
  commit('committer-without-mail', { committer: 'Dev' }),
  commit('committer-with-two-mails', { committer: 'Dev <a@example.com> <b@example.com>' }),
  commit('committer-name-empty', { committer: ' <a@example.com>' }),
  commit('committer-twice', (draft) => ({
    headers: `committer Two <two@example.com> ${draft.time - 90_000_000} +0000\n`,
  })),
  commit('two-parents', (draft) => ({ headers: `parent ${draft.parent}\n` })),
]

/** Tags that are odd before anybody signs them. */
export const tagShapes: readonly Shape[] = [
  tag('crlf-message', { message: 'One\r\nTwo\r\n' }),
  tag('nul-in-message', { message: 'before\0after\n' }),
  tag('not-utf8', { message: 'J\xf6\xff\n' }),
  tag('empty-message', { message: '' }),
  tag('message-of-blank-lines', { message: '\n\n\n' }),
  tag('message-of-100-kB', { message: `${'0123456789\n'.repeat(10_000)}` }),
  tag('unknown-header', { headers: 'x-build 9\n' }),
  tag('encoding-header', { headers: 'encoding ISO-8859-1\n' }),
  tag('no-final-newline-before-signature', { message: 'short' }),
  tag('no-tagger', { tagger: null }),
  tag('tagger-without-date', { tagger: 'tagger Rel <rel@example.com>\n' }),
  tag('tagger-date-zero', { tagger: 'tagger Rel <rel@example.com> 0 +0000\n' }),
  tag('tagger-date-of-year-33658', { tagger: 'tagger Rel <rel@example.com> 999999999999 +0000\n' }),
  tag('tagger-without-mail', { tagger: 'tagger Rel 1700000000 +0000\n' }),
  tag('tag-name-not-utf8', { name: 'v\xff' }),
  tag('armour-in-the-middle', { message: `Quote:\n${FAKE_ARMOR}and on.\n` }),
  tag('armour-first', { message: FAKE_ARMOR }),
  tag('begin-line-with-more-text', { message: '-----BEGIN PGP SIGNATURE----- of old\nand on.\n' }),
  tag('unfinished-armour-in-the-middle', { message: '-----BEGIN SIGNED MESSAGE-----\nand on.\n' }),
  tag('header-that-looks-like-an-armour', { headers: '-----BEGIN SSH SIGNATURE-----\n' }),
]
