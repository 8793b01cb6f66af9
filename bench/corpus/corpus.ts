import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cachedFolder } from '../history/cache.ts'
import { treeBytes } from '../history/git-object.ts'
import { PackWriter } from '../history/pack-writer.ts'
import { repositoryFromPack } from '../history/repository.ts'
import { dice } from '../signers/dice.ts'
import type { SignedType } from './draft.ts'
import { pgpPeople } from './openpgp-people.ts'
import { type CorpusSize, type People, recipes } from './recipes.ts'
import { CORPUS_START, sshPeople } from './ssh-people.ts'
import { x509People } from './x509-people.ts'

/** One signed (or unsigned) object of the corpus and what was done to it. */
export interface CorpusObject {
  readonly id: string
  readonly type: SignedType
  readonly className: string
}

/** A corpus on disk: a repository whose refs reach every object, and the trust that both judges get. */
export interface Corpus {
  readonly folder: string
  readonly repository: string
  readonly allowedSigners: string
  readonly revocations: string
  readonly keyring: string
  readonly roots: string
  /** The time zone to judge in: dates without a zone in the allowed signers mean local time. */
  readonly zone: string
  readonly objects: readonly CorpusObject[]
}

/** Bump when the objects that a size stands for change. */
const VERSION = 2

/** The corpus of this size, made once and kept in the cache. Needs the `openssl` program. */
export function agreementCorpus(size: CorpusSize): Corpus {
  const folder = cachedFolder(JSON.stringify(['corpus', VERSION, size]), (unfinished) => {
    makeCorpus(size, unfinished)
  })
  return corpusIn(folder, size.zone)
}

/** Writes the corpus into an empty folder; {@link agreementCorpus} is the same with a cache. */
export function makeCorpus(size: CorpusSize, folder: string): Corpus {
  const at = (name: string) => join(folder, name)
  const people = { ssh: sshPeople(), pgp: pgpPeople(), x509: x509People(at('x509')) }
  writeTrust(people, at)
  const plan = recipes(people, size).flatMap((recipe) => Array.from({ length: recipe.count }, () => recipe))
  const pack = new PackWriter(at('objects.pack'), size.format, plan.length + 3)
  const blob = pack.add('blob', Buffer.from('replicas: 3\n'))
  const tree = pack.add('tree', treeBytes([{ mode: '100644', name: 'app.yaml', id: blob }])).toString('hex')
  const rootTime = `Dev <dev0@example.com> ${CORPUS_START} +0000`
  const root = Buffer.from(`tree ${tree}\nauthor ${rootTime}\ncommitter ${rootTime}\n\nBegin\n`)
  let parent = pack.add('commit', root).toString('hex')
  const objects: CorpusObject[] = []
  const refs = new Map<string, string>()
  plan.forEach((recipe, index) => {
    const roll = dice(`${size.format} ${recipe.className} ${index}`)
    // A step prime to the span scatters each class over all of it, on both sides of every date that trust depends on.
    const time = CORPUS_START + 60 * ((index * 7919) % 20_000)
    const draft = { format: size.format, index, time, tree, parent, dice: roll }
    const id = pack.add(recipe.type, recipe.make(draft)).toString('hex')
    if (recipe.type === 'commit') parent = id
    else refs.set(`refs/tags/c${String(index).padStart(6, '0')}`, id)
    objects.push({ id, type: recipe.type, className: recipe.className })
  })
  pack.finish()
  refs.set('refs/heads/main', parent)
  repositoryFromPack(at('repo.git'), size.format, at('objects.pack'), refs)
  writeFileSync(at('objects.jsonl'), objects.map((object) => `${JSON.stringify(object)}\n`).join(''))
  return corpusIn(folder, size.zone)
}

function writeTrust({ ssh, pgp, x509 }: People, at: (name: string) => string): void {
  writeFileSync(at('allowed_signers'), ssh.allowedSigners)
  writeFileSync(at('revoked.krl'), ssh.revocations)
  writeFileSync(at('keyring.gpg'), pgp.keyring)
  writeFileSync(at('roots.pem'), x509.roots)
}

function corpusIn(folder: string, zone: string): Corpus {
  const at = (name: string) => join(folder, name)
  const lines = readFileSync(at('objects.jsonl'), 'utf8').trimEnd().split('\n')
  return {
    folder,
    repository: at('repo.git'),
    allowedSigners: at('allowed_signers'),
    revocations: at('revoked.krl'),
    keyring: at('keyring.gpg'),
    roots: at('roots.pem'),
    zone,
    objects: lines.map((line): CorpusObject => JSON.parse(line)),
  }
}
