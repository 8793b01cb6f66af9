import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { locateProgram } from '../estate/locate.ts'
import type { ProgramName } from '../estate/programs.ts'
import { runProgram } from '../estate/run-program.ts'
import { BANNER_CHART, bannerChart, FIRST_SETTINGS, folderOf, namespaceOf, shopFiles } from '../fleet/cluster-files.ts'

// What a gate before the merge works with: the manifests as the reconcilers will render them, and one policy in Rego.
const POLICY = `package main

deny contains message if {
  input.kind == "Deployment"
  input.spec.replicas < 2
  message := sprintf("%s has %d replicas, and 2 are wanted", [input.metadata.name, input.spec.replicas])
}
`
const LONELY = 'shop has 1 replicas, and 2 are wanted'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'csn-manifests-'))
  await write(
    new Map([
      ['policy/replicas.rego', POLICY],
      ...shopFiles('staging', { ...FIRST_SETTINGS, replicas: 1 }),
      ...shopFiles('production', FIRST_SETTINGS),
      ...bannerChart('1.0.0', 'Open'),
    ]),
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function write(files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

async function run(name: ProgramName, ...args: readonly string[]): Promise<string> {
  const { stdout } = await runProgram({ command: await locateProgram(name), args, folder })
  return stdout
}

test('kustomize renders the folder of a cluster into its namespace', async () => {
  const rendered = parseAllDocuments(await run('kustomize', 'build', folderOf('production')))
  const objects = rendered.map((one) => one.toJS() as { kind: string; metadata: { namespace?: string } })
  expect(objects.map(({ kind }) => kind).sort()).toEqual(['ConfigMap', 'Deployment', 'Namespace', 'Service'])
  const namespaces = objects.filter(({ kind }) => kind !== 'Namespace').map(({ metadata }) => metadata.namespace)
  expect(new Set(namespaces)).toEqual(new Set([namespaceOf('production')]))
})

test('helm renders a chart with its values and with others', async () => {
  const banner = async (...values: readonly string[]): Promise<unknown> =>
    parse(await run('helm', 'template', 'front', BANNER_CHART, ...values))
  expect(await banner()).toMatchObject({ metadata: { name: 'front-banner' }, data: { text: 'Open' } })
  expect(await banner('--set', 'text=Closed')).toMatchObject({ data: { text: 'Closed' } })
})

test('OPA and conftest say the same of what was rendered, and conftest refuses by its exit code', async () => {
  for (const [cluster, wanted] of [
    ['staging', [LONELY]],
    ['production', []],
  ] as const) {
    const rendered = await run('kustomize', 'build', folderOf(cluster))
    await write(new Map([[`${cluster}.yaml`, rendered]]))
    expect(await deniedByOpa(rendered)).toEqual(wanted)
    expect(await deniedByConftest(`${cluster}.yaml`)).toEqual(wanted)
  }
  await expect(run('conftest', 'test', 'staging.yaml')).rejects.toMatchObject({ code: 'program_failed' })
  await run('conftest', 'test', 'production.yaml')
})

async function deniedByOpa(rendered: string): Promise<readonly string[]> {
  const denied: string[] = []
  for (const [at, document] of parseAllDocuments(rendered).entries()) {
    await write(new Map([[`object-${at}.json`, JSON.stringify(document)]]))
    const asked = ['--data', 'policy', '--input', `object-${at}.json`, '--format', 'raw', 'data.main.deny']
    denied.push(...JSON.parse(await run('opa', 'eval', ...asked)))
  }
  return denied
}

async function deniedByConftest(file: string): Promise<readonly string[]> {
  const said = JSON.parse(await run('conftest', 'test', '--no-fail', '--output', 'json', file))
  return said
    .flatMap((one: { failures?: { msg: string }[] }) => one.failures ?? [])
    .map(({ msg }: { msg: string }) => msg)
}
