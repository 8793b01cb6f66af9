import { headerLines, withHeader } from '../history/git-object.ts'
import type { Draft, SignedType, Signer } from './draft.ts'

/** How signatures are put into an object: the usual way, or one that a verifier could read differently than git. */
export interface Placement {
  readonly name: string
  readonly type: SignedType
  place(unsigned: Buffer, signer: Signer, draft: Draft): Buffer
}

/** The commit header that carries the signature in a repository of this object format. */
export function signatureHeader(draft: Draft): string {
  return draft.format === 'sha1' ? 'gpgsig' : 'gpgsig-sha256'
}

type Place = Placement['place']

const other = (draft: Draft): string => (draft.format === 'sha1' ? 'gpgsig-sha256' : 'gpgsig')

const inHeader: Place = (unsigned, signer, draft) =>
  withHeader(unsigned, headerLines(signatureHeader(draft), signer.sign(unsigned, draft)))

const inBody: Place = (unsigned, signer, draft) =>
  Buffer.concat([unsigned, Buffer.from(`${signer.sign(unsigned, draft)}\n`)])

/** A placement that edits the signed commit's header block afterwards; text is Latin-1. */
function edited(edit: (header: string, draft: Draft, name: string) => string): Place {
  return (unsigned, signer, draft) => {
    const name = signatureHeader(draft)
    const header = headerLines(name, signer.sign(unsigned, draft)).toString('latin1')
    return withHeader(unsigned, Buffer.from(edit(header, draft, name), 'latin1'))
  }
}

const before = (marker: string): Place => {
  return (unsigned, signer, draft) => {
    const header = headerLines(signatureHeader(draft), signer.sign(unsigned, draft))
    const at = unsigned.indexOf(`\n${marker}`) + 1
    return Buffer.concat([unsigned.subarray(0, at), header, unsigned.subarray(at)])
  }
}

const commitPlacements: Readonly<Record<string, Place>> = {
  'between-author-and-committer': before('committer '),
  'before-author': before('author '),
  'same-header-twice': edited((header) => header + header),
  'two-headers-apart': edited((header) => `${header}x-between 1\n${header}`),
  'two-halves': edited((header, _draft, name) => {
    const lines = header.split('\n')
    const middle = Math.floor(lines.length / 2)
    return [...lines.slice(0, middle), `${name}${lines[middle]}`, ...lines.slice(middle + 1)].join('\n')
  }),
  'other-formats-header-only': edited((header, draft, name) => header.replace(name, other(draft))),
  'other-formats-header-before': edited((header, draft, name) => header.replace(name, other(draft)) + header),
  'other-formats-header-after': edited((header, draft, name) => header + header.replace(name, other(draft))),
  'unknown-gpgsig-header-before': edited((header) => `gpgsig-sha3 hidden\n more\n${header}`),
  'unknown-gpgsig-header-after': edited((header) => `${header}gpgsigfoo hidden\n more\n`),
  'gpgsig-without-a-space': edited((header) => `${header}gpgsig\n`),
  'empty-gpgsig-only': edited((_header, _draft, name) => `${name} \n`),
  'empty-gpgsig-before': edited((header, _draft, name) => `${name} \n${header}`),
  'empty-line-then-armour': edited((header, _draft, name) => header.replace(`${name} `, `${name} \n `)),
  'final-empty-line': edited((header) => `${header} \n`),
  'three-final-empty-lines': edited((header) => `${header} \n \n \n`),
  'text-after': edited((header) => `${header} trailing text\n`),
  'text-before': edited((header, _draft, name) => header.replace(`${name} `, `${name} leading text\n `)),
  'tab-instead-of-space': edited((header) => header.replace('gpgsig ', 'gpgsig\t')),
  'two-spaces': edited((header, _draft, name) => header.replace(`${name} `, `${name}  `)),
  'upper-case-name': edited((header, _draft, name) => header.replace(name, name.toUpperCase())),
  'a-continuation-lost-its-space': edited((header) => header.replace(/\n (?=[^\n]*\n -----END)/, '\n')),
  'other-header-inside': edited((header) => header.replace(/\n (?=[^\n]*\n -----END)/, '\nx-inside 1\n ')),
  'no-blank-line': (unsigned, signer, draft) => {
    const headersOnly = unsigned.subarray(0, unsigned.indexOf('\n\n') + 1)
    return Buffer.concat([headersOnly, headerLines(signatureHeader(draft), signer.sign(headersOnly, draft))])
  },
  'in-the-message': inBody,
  mergetag: (unsigned, signer, draft) => {
    const tag = inBody(mergedTag(draft), signer, draft)
    const merge = withHeader(unsigned, headerLines('mergetag', tag.subarray(0, -1)))
    return inHeader(merge, signer, draft)
  },
  'mergetag-changed': (unsigned, signer, draft) => {
    const tag = inBody(mergedTag(draft), signer, draft).toString('latin1')
    const merge = (text: string) => withHeader(unsigned, headerLines('mergetag', text.slice(0, -1)))
    const header = headerLines(signatureHeader(draft), signer.sign(merge(tag), draft))
    return withHeader(merge(tag.replace('merged', 'nerged')), header)
  },
}

const tagPlacements: Readonly<Record<string, Place>> = {
  'text-after': (...given) => append(inBody(...given), 'trailing text\n'),
  'blank-lines-after': (...given) => append(inBody(...given), '\n\n'),
  'nul-after': (...given) => append(inBody(...given), '\0'),
  'no-final-newline': (...given) => inBody(...given).subarray(0, -1),
  twice: (unsigned, signer, draft) => inBody(inBody(unsigned, signer, draft), signer, draft),
  'same-signature-twice': (unsigned, signer, draft) => {
    const armor = `${signer.sign(unsigned, draft)}\n`
    return append(unsigned, armor + armor)
  },
  'unfinished-armour-after': (...given) => append(inBody(...given), '-----BEGIN PGP MESSAGE-----\n'),
  'indented-armour': (unsigned, signer, draft) => append(unsigned, ` ${signer.sign(unsigned, draft)}\n`),
  'in-the-header': (...given) => inHeader(...given),
  'header-and-body': (unsigned, signer, draft) => {
    const signed = withHeader(unsigned, headerLines(other(draft), signer.sign(unsigned, draft)))
    return append(signed, `${signer.sign(unsigned, draft)}\n`)
  },
  'own-header-and-body': (unsigned, signer, draft) => {
    const signed = withHeader(unsigned, headerLines(signatureHeader(draft), signer.sign(unsigned, draft)))
    return append(signed, `${signer.sign(unsigned, draft)}\n`)
  },
  'signed-with-the-header': (unsigned, signer, draft) => {
    const signed = withHeader(unsigned, headerLines(other(draft), signer.sign(unsigned, draft)))
    return inBody(signed, signer, draft)
  },
  'unknown-gpgsig-header': (unsigned, signer, draft) => {
    const signed = withHeader(unsigned, Buffer.from('gpgsig-sha3 hidden\n'))
    return append(signed, `${signer.sign(unsigned, draft)}\n`)
  },
  'no-blank-line': (unsigned, signer, draft) => {
    return inBody(unsigned.subarray(0, unsigned.indexOf('\n\n') + 1), signer, draft)
  },
}

/** The usual way for each type. */
export const usualPlacement: Readonly<Record<SignedType, Placement>> = {
  commit: { name: 'usual', type: 'commit', place: inHeader },
  tag: { name: 'usual', type: 'tag', place: inBody },
}

/** No signature at all. */
export const unsignedPlacement = (type: SignedType): Placement => ({
  name: 'none',
  type,
  place: (unsigned) => unsigned,
})

export const oddPlacements: readonly Placement[] = [
  ...Object.entries(commitPlacements).map(([name, place]): Placement => ({ name, type: 'commit', place })),
  ...Object.entries(tagPlacements).map(([name, place]): Placement => ({ name, type: 'tag', place })),
]

function append(object: Buffer, text: string): Buffer {
  return Buffer.concat([object, Buffer.from(text, 'latin1')])
}

function mergedTag(draft: Draft): Buffer {
  const tagger = `tagger Rel <rel@example.com> ${draft.time} +0000`
  return Buffer.from(`object ${draft.parent}\ntype commit\ntag merged-${draft.index}\n${tagger}\n\nmerged\n\nNotes.\n`)
}
