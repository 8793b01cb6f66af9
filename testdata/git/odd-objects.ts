/** Commit and tag bodies that take liberties with the format, one each; README.md says what they are for. */
export interface OddObject {
  readonly name: string
  readonly body: Buffer
}

export const TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
export const TREE_SHA256 = '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321'
export const AUTHOR = 'author A U Thor <author@example.com> 1700000000 +0000\n'
export const COMMITTER = 'committer C O Mitter <committer@example.com> 1700000000 -0330\n'
export const HEAD = `tree ${TREE}\n${AUTHOR}${COMMITTER}`
const BEGIN = '-----BEGIN SSH SIGNATURE-----'
const END = '-----END SSH SIGNATURE-----'
const SIGNATURE = `gpgsig ${BEGIN}\n QUJD\n ${END}\n`
const SIGNATURE_256 = `gpgsig-sha256 ${BEGIN}\n REVG\n ${END}\n`
const UNKNOWN = 'gpgsig-foo bar\n baz\n'

const bytes = (text: string | Buffer): Buffer => (typeof text === 'string' ? Buffer.from(text) : text)
const odd = (name: string, ...parts: readonly (string | Buffer)[]): OddObject => ({
  name,
  body: Buffer.concat(parts.map(bytes)),
})

/** Each carries a signature header of a SHA-1 repository, so that git splits it. */
export const ODD_COMMITS: readonly OddObject[] = [
  odd('nothing odd', HEAD, SIGNATURE, '\nm\n'),
  odd('two signature headers, one after the other', HEAD, SIGNATURE, SIGNATURE, '\nm\n'),
  odd('two signature headers with a header between them', HEAD, SIGNATURE, 'encoding UTF-8\n', SIGNATURE, '\nm\n'),
  odd('an unknown signature header before', HEAD, UNKNOWN, SIGNATURE, '\nm\n'),
  odd('an unknown signature header after', HEAD, SIGNATURE, UNKNOWN, '\nm\n'),
  odd('an unknown signature header amid two', HEAD, SIGNATURE, UNKNOWN, SIGNATURE, '\nm\n'),
  odd('a header that only begins like a signature', HEAD, 'gpgsigx y\n', SIGNATURE, '\nm\n'),
  odd('a bare gpgsig line', HEAD, 'gpgsig\n', SIGNATURE, '\nm\n'),
  odd('the signature of the other hash before', HEAD, SIGNATURE_256, SIGNATURE, '\nm\n'),
  odd('the signature of the other hash after', HEAD, SIGNATURE, SIGNATURE_256, '\nm\n'),
  odd('the signature header before the committer', `tree ${TREE}\n`, AUTHOR, SIGNATURE, COMMITTER, '\nm\n'),
  odd('an empty signature line', HEAD, `gpgsig ${BEGIN}\n \n QUJD\n \n ${END}\n`, '\nm\n'),
  odd('a blank line within the signature', HEAD, `gpgsig ${BEGIN}\n\n QUJD\n ${END}\n`, '\nm\n'),
  odd('a signature line without its space', HEAD, `gpgsig ${BEGIN}\nQUJD x\n ${END}\n`, '\nm\n'),
  odd('a signature in one line', HEAD, `gpgsig ${BEGIN}\n`, '\nm\n'),
  odd('carriage returns', HEAD, SIGNATURE.replaceAll('\n', '\r\n'), '\r\nm\r\n'),
  odd('a NUL in the message', HEAD, SIGNATURE, '\nm\0n\n'),
  odd('bytes that are not UTF-8', Buffer.from(HEAD.replace('A U', '\xe9\xff'), 'latin1'), SIGNATURE, '\nm\n'),
  odd('no LF at the end of the message', HEAD, SIGNATURE, '\nm'),
  odd('no message', HEAD, SIGNATURE, '\n'),
  odd('no blank line', HEAD, SIGNATURE),
  odd('neither blank line nor last LF', HEAD, SIGNATURE.slice(0, -1)),
  odd('a header of 100 kB', HEAD, `x-long ${'y'.repeat(100_000)}\n`, SIGNATURE, '\nm\n'),
  odd('an encoding header', HEAD, 'encoding ISO-8859-1\n', SIGNATURE, Buffer.from('\n\xe9\n', 'latin1')),
  odd('a signature header in the message', HEAD, SIGNATURE, `\nm\n${SIGNATURE}`),
  odd('a continued header before the signature', HEAD, 'x a\n gpgsig b\n', SIGNATURE, '\nm\n'),
  odd(
    'a mergetag that is signed itself',
    HEAD,
    `mergetag object ${TREE}\n type tree\n tag t\n \n ${BEGIN}\n`,
    SIGNATURE,
    '\nm\n',
  ),
]

const TAG = `object ${TREE}\ntype tree\ntag v1\ntagger C O Mitter <committer@example.com> 1700000000 +0000\n`
const ARMOUR = `${BEGIN}\nQUJD\n${END}\n`

/** Each carries a signature in its body, so that git splits it. */
export const ODD_TAGS: readonly OddObject[] = [
  odd('nothing odd', TAG, '\nm\n', ARMOUR),
  odd('two signatures', TAG, '\nm\n', ARMOUR, ARMOUR),
  odd(
    'two signatures of two schemes',
    TAG,
    '\nm\n-----BEGIN PGP SIGNATURE-----\n\nQUJD\n-----END PGP SIGNATURE-----\n',
    ARMOUR,
  ),
  odd('text after the signature', TAG, '\nm\n', ARMOUR, 'more\n'),
  odd('a marker in the middle of a line', TAG, `\nm ${BEGIN}\n`, ARMOUR),
  odd('a marker with a space before it', TAG, `\nm\n ${BEGIN}\n`, ARMOUR),
  odd('a marker with text after it', TAG, `\nm\n${BEGIN}x\n`),
  odd('the signature at the very beginning', ARMOUR),
  odd('the signature right after the headers', TAG, ARMOUR),
  odd('the signature as the whole message', TAG, '\n', ARMOUR),
  odd('a signature without its end', TAG, `\nm\n${BEGIN}`),
  odd('carriage returns', `${TAG}\nm\n${ARMOUR}`.replaceAll('\n', '\r\n')),
  odd('a NUL in the message', TAG, '\nm\0n\n', ARMOUR),
  odd('a NUL before the signature', TAG, '\nm\0\n', ARMOUR),
  odd('bytes that are not UTF-8', TAG, Buffer.from('\n\xe9\xff\n', 'latin1'), ARMOUR),
  odd('no LF at the end', TAG, '\nm\n', ARMOUR.slice(0, -1)),
  odd('a header of 100 kB', TAG, `x-long ${'y'.repeat(100_000)}\n`, '\nm\n', ARMOUR),
  odd('the signature of the other hash in a header', TAG, SIGNATURE_256, '\nm\n', ARMOUR),
  odd('a signature header of its own hash', TAG, SIGNATURE, '\nm\n', ARMOUR),
  odd('signature headers of both hashes', TAG, SIGNATURE, SIGNATURE_256, '\nm\n', ARMOUR),
  odd('an unknown signature header', TAG, UNKNOWN, '\nm\n', ARMOUR),
  odd('an unknown signature header after a known one', TAG, SIGNATURE_256, UNKNOWN, '\nm\n', ARMOUR),
  odd('two signature headers of one hash', TAG, SIGNATURE_256, SIGNATURE_256, '\nm\n', ARMOUR),
  odd('two signature headers with a header between them', TAG, SIGNATURE_256, 'x y\n', SIGNATURE_256, '\nm\n', ARMOUR),
  odd('a signature header in the message', TAG, `\nm\n${SIGNATURE_256}`, ARMOUR),
]

/** What git itself does not read: it refuses the first, and has room for two signature headers where the second has three. */
export const UNREADABLE_COMMIT = odd('the signature header first', SIGNATURE, HEAD, '\nm\n')
export const UNREADABLE_TAG = odd(
  'three signature headers apart',
  ...[TAG, SIGNATURE, 'x y\n', SIGNATURE_256, 'x z\n', SIGNATURE, '\nm\n', ARMOUR],
)
