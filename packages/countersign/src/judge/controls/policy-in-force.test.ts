import { indexSigners } from '@countersign/verify'
import { expect, test } from 'vitest'
import { openPolicy, sealPolicy } from '../../workflows/policy-bundle.ts'
import { commit, facts, merge, PEOPLE, policyWith } from '../facts.fixtures.ts'
import { judgeChange } from '../judge-change.ts'
import { CustomControls } from './custom-controls.ts'

const control = (id: string, evidence: string) => ({
  ...{ id, label: `Own ${id}`, fit: 'partial', evidence: [evidence], rationale: 'Own.' },
})
const controls = CustomControls.parse({
  apiVersion: 'countersign.dev/v1',
  kind: 'Controls',
  frameworks: [{ id: 'x-acme', version: '1', name: 'A', controls: [control('S', 'SIG'), control('T', 'TIME')] }],
  mappings: [
    { tag: 'soc2-tsc@2017-pof2022:CC8.1', evidence: ['SIG'], fit: 'direct', rationale: 'Twice.' },
    { tag: 'soc2-tsc@2017-pof2022:CC9.2', evidence: ['SOD'], fit: 'direct', rationale: 'Own.' },
  ],
})

test('results carry a customer’s own controls for the kinds of evidence that they are, each once', () => {
  const rules = policyWith({ 'commits-signed': {}, 'separation-of-duties': {} })
  const change = facts([merge('bob'), commit('ann')])
  const judge = (policy: typeof rules) => judgeChange(change, policy, indexSigners(PEOPLE))
  const [signed, separate] = judge({ ...rules, controls } as typeof rules).results
  const [before] = judge(rules).results
  expect(signed?.controls).toEqual([...(before?.controls ?? []), 'x-acme@1:S'])
  expect(separate?.controls).toContain('soc2-tsc@2017-pof2022:CC9.2')
  expect(separate?.controls).not.toContain('x-acme@1:S')
  const own = judge({ ...rules, controls } as typeof rules)
  expect(own.controls).toContain('x-acme@1:S')
  expect(own.controls).not.toContain('x-acme@1:T')
  expect(own.verdict).toBe(judge(rules).verdict)
})

test('a sealed policy keeps them, so that a decision can be made again with the same tags', () => {
  const trust = { allowedSigners: [], keyrings: [], x509Roots: [], revoked: [] }
  const bundle = { source: { kind: 'folder' }, identities: PEOPLE, trust } as const
  const sealed = sealPolicy({ ...bundle, policy: { ...policyWith({}), controls } })
  expect(openPolicy(sealed.bytes).bundle.policy.controls).toEqual(controls)
  expect(sealed.digest).not.toBe(sealPolicy({ ...bundle, policy: policyWith({}) }).digest)
})
