import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from './run-cli.fixtures.ts'
import { SignedRepository } from './signed-repository.fixtures.ts'

const OWN = `apiVersion: countersign.dev/v1
kind: Controls
frameworks:
  - {id: x-acme, version: "1", name: ACME, controls: [{id: CHG-1, label: Signed, fit: direct, evidence: [SIG], rationale: Own.}]}
`

let repository: SignedRepository
let change = ''
const csn = (...args: string[]) => runCli([...args, '--data', repository.data])

beforeAll(async () => {
  repository = new SignedRepository()
  repository.writePolicy(['alice', 'bob'])
  mkdirSync(join(repository.folder, '.countersign'), { recursive: true })
  writeFileSync(join(repository.folder, '.countersign', 'controls.yaml'), OWN)
  repository.commit({ message: 'Introduce the policy', signer: 'alice' })
  repository.write('a', '1')
  change = repository.commit({ message: 'Add a, ABC-1', signer: 'bob' })
  await csn('check', '--repo', repository.folder)
})
afterAll(() => repository.remove())

test.for([
  { control: 'soc2-tsc@2017-pof2022:CC8.1', note: null },
  { control: 'CC8.1', note: 'CC8.1 is read as soc2-tsc@2017-pof2022:CC8.1' },
  { control: 'iso27001@2013:A.12.1.2', note: 'no longer in force: now iso27001@2022:A.8.32' },
  { control: 'pci-dss@3.2.1:6.4', note: 'no longer in force: now pci-dss@4.0.1:6.5' },
  { control: 'fedramp@rev5-high:CM-14', note: null },
  { control: 'dora:9(4)(e)', note: 'is read as eu-2022-2554@2022:9(4)(e)' },
  { control: 'x-acme@1:CHG-1', note: null },
])('evidence list --control $control finds the decision', async ({ control, note }) => {
  const { code, out, err } = await csn('evidence', 'list', '--control', control, '-o', 'jsonl')
  const rows = out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  expect([code, rows.map((row) => row.change.object)]).toEqual([0, [change]])
  expect(err).toContain(note ?? '1 of 2')
  expect(err.split('\n')).toHaveLength(note === null ? 2 : 3)
})

test('a control that nothing here supports finds nothing, and that is said', async () => {
  const { code, out, err } = await csn('change', 'list', '--control', 'pci-dss@4.0.1:6.4', '-o', 'jsonl')
  expect([code, out]).toEqual([0, ''])
  expect(err).toContain('no kind of evidence here supports pci-dss@4.0.1:6.4')
})

test.for(['pci-dss:6.4', 'CC99.9', 'cobit@2019:BAI06', 'nist-800-53@r5:CM-5(2)'])(
  'evidence list --control %s is refused with control_unknown',
  async (control) => {
    const { code, out, err } = await csn('evidence', 'list', '--control', control)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('control_unknown')
  },
)

test('decisions that carry a customer’s own controls can be made again word for word', async () => {
  expect((await csn('replay')).code).toBe(0)
})
