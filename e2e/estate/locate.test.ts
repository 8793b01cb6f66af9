import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { dataFolder, programFolder } from './cache.ts'
import { findProgram, locateData, locateProgram, variableOf } from './locate.ts'

let folder: string

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'estate-locate-')))
  vi.stubEnv('COUNTERSIGN_ESTATE_CACHE', join(folder, 'cache'))
  vi.stubEnv('KUBEBUILDER_ASSETS', '')
  vi.stubEnv('PATH', [dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const program = async (path: string, says = ''): Promise<string> => {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `#!/bin/sh\necho '${says}'\n`)
  await chmod(path, 0o755)
  return path
}

test('a program that is nowhere is named, with the way to get it', async () => {
  await expect(locateProgram('gitea')).rejects.toMatchObject({
    code: 'program_not_built',
    message: expect.stringMatching(/gitea is not there; build it with "npm run estate:build -- gitea" .* ESTATE_GITEA/),
  })
})

test('files that are nowhere are named, with the way to get them', async () => {
  await expect(locateData('argocd')).rejects.toMatchObject({
    code: 'program_not_built',
    message: expect.stringContaining('the files of argocd are not there'),
  })
})

test.for(['bin/etcd', '/nowhere/etcd'])(
  'a variable that names no program (%s) is refused, not passed over',
  async (path) => {
    vi.stubEnv('ESTATE_ETCD', path)
    await expect(locateProgram('etcd')).rejects.toMatchObject({
      code: 'program_not_built',
      message: expect.stringContaining('ESTATE_ETCD'),
    })
  },
)

test('a build that did not end does not count', async () => {
  await program(join(programFolder('etcd'), 'etcd'))
  expect(await findProgram('etcd')).toBe(null)
})

test('a finished build is found', async () => {
  const built = await program(join(programFolder('etcd'), 'etcd'))
  await writeFile(join(dirname(built), 'built.json'), '{}')
  expect(await findProgram('etcd')).toEqual({ path: built, from: 'built' })
})

test('the files of a program are found', async () => {
  await mkdir(dataFolder('gitea'), { recursive: true })
  await writeFile(join(dataFolder('gitea'), 'built.json'), '{}')
  expect(await locateData('gitea')).toBe(dataFolder('gitea'))
})

test('a variable comes before KUBEBUILDER_ASSETS, that before PATH, that before our build', async () => {
  const built = await program(join(programFolder('kubectl'), 'kubectl'))
  await writeFile(join(dirname(built), 'built.json'), '{}')
  expect(await findProgram('kubectl')).toMatchObject({ from: 'built' })

  const onPath = await program(join(folder, 'bin/kubectl'), 'Client Version: v1.36.9')
  vi.stubEnv('PATH', [dirname(onPath), process.env['PATH']].join(delimiter))
  expect(await findProgram('kubectl')).toEqual({ path: onPath, from: 'PATH' })

  const asset = await program(join(folder, 'assets/kubectl'))
  vi.stubEnv('KUBEBUILDER_ASSETS', dirname(asset))
  expect(await findProgram('kubectl')).toEqual({ path: asset, from: 'KUBEBUILDER_ASSETS' })

  const named = await program(join(folder, 'own/kubectl'))
  vi.stubEnv(variableOf('kubectl'), named)
  expect(await findProgram('kubectl')).toEqual({ path: named, from: 'variable' })
})

test.for(['Client Version: v1.35.2', 'Client Version: v11.36.0', 'Client Version: v1.360.0', ''])(
  'a program on PATH of another version (%s) is not used',
  async (says) => {
    const onPath = await program(join(folder, 'bin/kubectl'), says)
    vi.stubEnv('PATH', [dirname(onPath), '/bin'].join(delimiter))
    expect(await findProgram('kubectl')).toBe(null)
  },
)
