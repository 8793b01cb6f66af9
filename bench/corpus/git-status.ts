/** git's answer about one object: its `%G?`, `%GK` and `%GS`. `!` stands for "git died", which no letter says. */
export interface GitAnswer {
  readonly letter: string
  readonly key: string
  readonly signer: string
}

const LETTERS: Readonly<Record<string, string>> = {
  GOODSIG: 'G',
  BADSIG: 'B',
  ERRSIG: 'E',
  EXPSIG: 'X',
  EXPKEYSIG: 'Y',
  REVKEYSIG: 'R',
}

const NOTHING: GitAnswer = { letter: 'N', key: '', signer: '' }

/**
 * The answer that git's pretty-printer would give, from what `git verify-tag --raw` wrote to stderr.
 *
 * git 2.39 prints `%G?` for commits only, but checks both through the same function, and `--raw` shows what that function
 * read: gpg's and gpgsm's status lines, or ssh-keygen's output. So the rules of git's `gpg-interface.c` are applied here:
 *
 * - no status line at all, or no signature, leaves the letter at `N`
 * - each `*SIG` line sets the letter, and a second one makes it `E` and clears everything else
 * - a `TRUST_` word that git does not know does the same
 * - ssh-keygen's first line decides: `Good "git" signature for P with … key F` is `G`, the same without `for P` is good
 *   with undefined trust, anything else is `B`
 * - `G` with undefined trust, or none, prints as `U` (`pretty.c`)
 */
export function answerFromRaw(stderr: string): GitAnswer {
  if (/^fatal: /m.test(stderr)) return { letter: '!', key: '', signer: '' }
  if (stderr === '' || stderr.startsWith('error: no signature found')) return NOTHING
  return /^\[GNUPG:\] /m.test(stderr) ? fromGpgStatus(stderr) : fromSshKeygen(stderr)
}

function fromGpgStatus(status: string): GitAnswer {
  let answer = NOTHING
  let trust = ''
  let seen = 0
  const unclear: GitAnswer = { letter: 'E', key: '', signer: '' }
  for (const line of status.split('\n')) {
    const [, word = '', rest = ''] = /^\[GNUPG:\] (\S+) ?(.*)$/.exec(line) ?? []
    const letter = LETTERS[word]
    if (letter !== undefined) {
      seen += 1
      if (seen > 1) return unclear
      const [key = '', ...name] = rest.split(' ')
      answer = { letter, key, signer: letter === 'E' ? '' : name.join(' ') }
    } else if (word.startsWith('TRUST_')) {
      trust = word.slice('TRUST_'.length)
      if (!['UNDEFINED', 'NEVER', 'MARGINAL', 'FULLY', 'ULTIMATE'].includes(trust)) return unclear
    }
  }
  const isUntrusted = answer.letter === 'G' && (trust === 'UNDEFINED' || trust === 'NEVER')
  return isUntrusted ? { ...answer, letter: 'U' } : answer
}

function fromSshKeygen(output: string): GitAnswer {
  const line = output.slice(0, output.indexOf('\n') === -1 ? undefined : output.indexOf('\n'))
  const known = /^Good "git" signature for (.*) (with .*)$/.exec(line)
  const unknown = /^Good "git" signature (with .*)$/.exec(line)
  const tail = known?.[2] ?? unknown?.[1]
  if (tail === undefined) return { letter: 'B', key: '', signer: '' }
  const key = tail.includes('key ') ? tail.slice(tail.indexOf('key ') + 4) : ''
  return known === null ? { letter: 'U', key, signer: '' } : { letter: 'G', key, signer: known[1] ?? '' }
}
