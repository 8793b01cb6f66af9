import type { Command } from 'commander'
import { Problem } from '../../workflows/problem.ts'
import type { Terminal } from '../terminal.ts'

/** Prints a completion script for a shell, made from the grammar itself, so that it cannot fall behind. */
export function completion(
  program: Command,
): (options: never, terminal: Terminal, operands: readonly string[]) => Promise<number> {
  return async (_options, terminal, [shell]) => {
    const words = wordsByPath(program)
    await terminal.data(scriptFor(shell, words))
    return 0
  }
}

/** For each command path such as `log fsck`, the words that may follow. */
type Words = ReadonlyMap<string, readonly string[]>

function wordsByPath(command: Command, path = ''): Words {
  const options = command.options.flatMap((option) => option.long ?? [])
  const own: [string, readonly string[]] = [
    path,
    [...command.commands.map((inner) => inner.name()), ...options, '--help'],
  ]
  return new Map([
    own,
    ...command.commands.flatMap((inner) => [...wordsByPath(inner, `${path} ${inner.name()}`.trim())]),
  ])
}

function scriptFor(shell: string | undefined, words: Words): string {
  const cases = [...words].map(([path, list]) => `    '${path}') words='${list.join(' ')}' ;;`).join('\n')
  const find = `  local path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case $path in
${cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))`
  const bash = `_countersign() {\n${find}\n}\ncomplete -o default -F _countersign countersign csn\n`
  switch (shell) {
    case 'bash':
      return bash
    case 'zsh':
      return `autoload -U +X bashcompinit && bashcompinit\n${bash}`
    case 'fish':
      return [...words].flatMap(([path, list]) => list.map((word) => fishLine(path, word))).join('')
    default:
      throw new Problem('usage', `there is no completion for "${shell}": bash, zsh and fish have one`)
  }
}

function fishLine(path: string, word: string): string {
  const when = path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${path.split(' ').at(-1)}`
  const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`
  return `complete -c countersign -n '${when}' ${what}\n`
}
