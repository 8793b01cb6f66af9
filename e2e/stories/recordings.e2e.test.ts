import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { PROGRAMS } from '../estate/programs.ts'
import { alertOf, isSignedWith } from '../fleet/flux-alerts.ts'
import { maskSecrets } from './mask-secrets.ts'
import { versionsOf } from './versions.ts'

// What lies in testdata/estate, whoever recorded it and when.
const FOLDER = fileURLToPath(new URL('../../testdata/estate', import.meta.url))
const RECORDED = ['argocd', 'flux', 'gitea', 'helm', 'kubernetes']
/** As the pages of the recordings say. */
const SECRET = 'recorded-for-tests'

type Sent = { readonly headers: Readonly<Record<string, string>>; readonly body: string }

function read(program: string, file: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, program, file), 'utf8'))
}

function recordingsOf(program: string): readonly string[] {
  return readdirSync(join(FOLDER, program)).filter((name) => name.endsWith('.json') && name !== 'recorded.json')
}

test.for(RECORDED)(
  'every recording of %s is on its page, is small, and holds nothing that should be masked',
  (program) => {
    const page = readFileSync(join(FOLDER, program, 'README.md'), 'utf8')
    expect(recordingsOf(program).length).toBeGreaterThan(0)
    for (const file of recordingsOf(program)) {
      expect(page).toContain(`| \`${file}\` |`)
      const value = read(program, file)
      expect(maskSecrets(value)).toEqual(value)
      expect(readFileSync(join(FOLDER, program, file)).length).toBeLessThan(100_000)
    }
  },
)

test('the webhooks of Gitea are signed over their bytes', () => {
  const files = recordingsOf('gitea').filter((file) => file.startsWith('webhook-'))
  expect(files.length).toBe(7)
  for (const file of files) {
    const { headers, body } = read('gitea', file) as Sent
    expect(headers['x-gitea-signature']).toBe(createHmac('sha256', SECRET).update(body).digest('hex'))
  }
})

test('the alerts of Flux are signed over their bytes, and tell of a success, of drift and of a failure', () => {
  const alerts = (read('flux', 'alerts.json') as readonly Sent[]).map((sent) => ({
    ...sent,
    body: Buffer.from(sent.body),
  }))
  expect(alerts.every((alert) => isSignedWith(SECRET, alert))).toBe(true)
  expect(alerts.map((alert) => alertOf(alert).reason)).toEqual(
    expect.arrayContaining(['ReconciliationSucceeded', 'DriftCorrected', 'ReconciliationFailed']),
  )
})

test('a recording is not made with a program that somebody else provides, and names the pinned version otherwise', async () => {
  vi.stubEnv('ESTATE_HELM', process.execPath)
  expect(await versionsOf('helm')).toEqual({ Helm: PROGRAMS.helm.version })
  vi.stubEnv('ESTATE_RECORD', '1')
  await expect(versionsOf('helm')).rejects.toMatchObject({
    code: 'program_not_built',
    message: expect.stringContaining('our own build of helm, not with that of variable'),
  })
})
