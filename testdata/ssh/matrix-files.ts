import type { Draft, MatrixCase } from './matrix.ts'
import { keyText, makeCertificate, makeKey, type SoftwareKey, type SshsigOptions } from './software-signer.ts'

type Complete = (name: string, key: SoftwareKey, draft?: Draft, options?: SshsigOptions) => MatrixCase

/** Cases about the allowed signers file line by line, its times, the commit's time, and the revocation file. */
export function fileCases(complete: Complete): readonly MatrixCase[] {
  return [...lineCases(complete), ...timeCases(complete), ...revocationFileCases(complete)]
}

function lineCases(complete: Complete): readonly MatrixCase[] {
  const key = makeKey('ssh-ed25519')
  const text = keyText(key.blob)
  const lines: readonly (readonly [string, string])[] = [
    ['a pattern', `*@example.com ${text}`],
    ['a list', `alice@example.com,bob@example.com ${text}`],
    ['a list with an empty name first', `,alice@example.com ${text}`],
    ['a list with an empty name inside', `alice,,bob ${text}`],
    ['a negated name first', `!bob@example.com,*@example.com ${text}`],
    ['a negated name that is all', `!bob ${text}`],
    ['a name that its own list negates', `alice,!al* ${text}`],
    ['a question mark', `al?ce ${text}`],
    ['quoted principals', `"alice smith" ${text}`],
    ['quotes inside a word', `al"ice smi"th ${text}`],
    ['a name with the word with in it', `"alice with bob" ${text}`],
    ['nothing between the quote and the key', `"alice"${text}`],
    ['a quote that is not closed', `"alice ${text}`],
    ['leading blanks', ` \t alice ${text}`],
    ['many blanks', `alice \t  namespaces="git" \t ${text}  \t a comment`],
    ['a comment after the key', `alice ${text} # comment`],
    ['a comment line', `# alice ${text}`],
    ['options in capitals', `alice NAMESPACES="git",Valid-After="20200101Z" ${text}`],
    ['a leading comma', `alice ,namespaces="git" ${text}`],
    ['a doubled comma', `alice namespaces="git",,valid-after="20200101Z" ${text}`],
    ['a trailing comma', `alice namespaces="git", ${text}`],
    ['an unknown option', `alice novel="x" ${text}`],
    ['an unknown flag', `alice novel ${text}`],
    ['an option twice', `alice namespaces="git",namespaces="git" ${text}`],
    ['cert-authority with a tail', `alice cert-authorityx ${text}`],
    ['a value without quotes', `alice namespaces=git ${text}`],
    ['an escaped quote in a value', `alice namespaces="git,\\"x" ${text}`],
    ['a value that ends in an escaped quote', `alice namespaces="git\\" ${text}`],
    ['a blank in a value', `alice namespaces="git, file" ${text}`],
    ['a backslash in a value', `alice namespaces="git,\\x" ${text}`],
    ['an empty window', `alice valid-after="20240101Z",valid-before="20240101Z" ${text}`],
    ['a window backwards', `alice valid-after="20250101Z",valid-before="20240101Z" ${text}`],
    ['an invalid line before a good one', `alice novel="x" ${text}\nbob ${text}`],
    ['a broken key before a good one', `alice ssh-ed25519 AAAA\nbob ${text}`],
    ['a line of one word before a good one', `alice\nbob ${text}`],
    ['a key without principals', text],
    ['CRLF lines', `# x\r\n\r\nalice ${text}\r\n`],
    ['a type that the blob is not', `alice ${text.replace('ssh-ed25519', 'ssh-rsa')}`],
    ['a blob with bytes after it', `alice ${keyText(Buffer.concat([key.blob, Buffer.of(0)]))}`],
    ['base64 without padding', `alice ${keyText(key.blob).replace(/=+$/, '')}`],
    ['a vertical tab in the principals', `alice\vsmith ${text}`],
    ['a carriage return after the principals', `alice\r${text}`],
    ['a name outside ASCII', `zoë@example.com ${text}`],
    ['a short type name', `alice ${text.replace('ssh-ed25519', 'ED25519')}`],
    ['a long pattern', `${'a'.repeat(1022)},alice ${text}`],
    ['a pattern that is too long', `${'a'.repeat(1023)},alice ${text}`],
    ['a name before a pattern that is too long', `alice,${'a'.repeat(1023)} ${text}`],
    ['a quoted name with a carriage return at its end', `"alice\r" ${text}`],
    ['a pattern with a carriage return at its end', `"alice*\r" ${text}`],
    ['a quoted carriage return', `"\r" ${text}`],
    ['a quoted tab', `"alice\tsmith" ${text}`],
    ['a name of blanks', `"  " ${text}`],
    ['stars', `a*l***e ${text}`],
  ]
  return lines.map(([name, line]) => complete(`line: ${name}`, key, { allowedSigners: `${line}\n` }))
}

function timeCases(complete: Complete): readonly MatrixCase[] {
  const key = makeKey('ssh-ed25519')
  const text = keyText(key.blob)
  const options = [
    'valid-after="20240301120000Z"',
    'valid-after="20240301120001Z"',
    'valid-before="20240301120000Z"',
    'valid-before="20240301115959Z"',
    'valid-after="202403011200Z"',
    'valid-after="20240301"',
    'valid-before="20240301"',
    'valid-after="20240301z"',
    'valid-before="20240302UTC"',
    'valid-before="20240302utc"',
    'valid-after="20240230Z"',
    'valid-after="20240231Z"',
    'valid-before="20240231120001Z"',
    'valid-after="20241301Z"',
    'valid-after="20240132Z"',
    'valid-after="20240100Z"',
    'valid-after="2024010124Z"',
    'valid-after="202401012400Z"',
    'valid-after="20240101235960Z"',
    'valid-after="20240101235961Z"',
    'valid-after="20240101235962Z"',
    'valid-after="19700101Z"',
    'valid-after="19691231Z"',
    'valid-after="19700101000001Z"',
    'valid-after="2024"',
    'valid-after=""',
    'valid-after="Z"',
    'valid-after="2024O101Z"',
    'valid-before="99991231235959Z"',
  ]
  const claims = [1, 59, 253402300799, 253402300800, 0]
  return [
    ...options.map((option) => complete(`time: ${option}`, key, { allowedSigners: `alice ${option} ${text}\n` })),
    ...claims.map((claimed) => complete(`time: claimed ${claimed}`, key, { claimed })),
    complete('time: no date and an expired line', key, {
      claimed: 0,
      allowedSigners: `a valid-before="19800101Z" ${text}\n`,
    }),
  ]
}

function revocationFileCases(complete: Complete): readonly MatrixCase[] {
  const key = makeKey('ssh-ed25519')
  const text = keyText(key.blob)
  const other = keyText(makeKey('ssh-ed25519').blob)
  const small = keyText(makeKey('ssh-rsa', 1020).blob)
  const c = (name: string, file: string | Buffer): MatrixCase =>
    complete(`revocation file: ${name}`, key, { revoked: Buffer.from(file).toString('base64') })
  return [
    c('empty', ''),
    c('comments and empty lines', `# none\n\n  # none\n \t\n${other}\n`),
    c('the key with leading blanks', ` \t${text}`),
    c('a short RSA key before the key', `${small}\n${text}\n`),
    c('a short RSA key alone', `${small}\n`),
    c('a certificate of the key', `${keyText(makeCertificate(key, makeKey('ssh-ed25519')))}\n`),
  ]
}
