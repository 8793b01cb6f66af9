import {
  encodeStatement,
  formatEnvelope,
  formatEvidenceKey,
  formatNote,
  fromUtf8,
  type Json,
  parseNote,
  parseVerifierKey,
  STATEMENT_PAYLOAD_TYPE,
  sha256Hex,
  signEnvelope,
  TlogError,
  utf8,
  verifyCheckpoint,
} from '@countersign/verify'
import { evidenceKey } from '../../workflows/statement-log.fixtures.ts'
import { signedBy, toldLog } from '../../workflows/witness-checkpoint.fixtures.ts'
import { formatAddCheckpoint } from '../../workflows/witness-checkpoint-request.ts'
import { LOG_KEY_ROTATION, possessionText, provePossession } from '../evidence-types/log-key-rotation.ts'
import { stampOf } from '../evidence-types/statement-controls.ts'
import { keyringTrust } from '../log-keys/log-keyring.ts'
import { judgeQuorum, judgeWitnessed } from './judge-quorum.ts'
import { parseWitnessPolicy } from './parse-witness-policy.ts'
import {
  knownKey,
  LOG_ORIGIN,
  LOG_VKEY,
  logSigner,
  logVkey,
  witnessSigner,
  witnessVkey,
} from './witness-policy.fixtures.ts'
import { WitnessPolicyError } from './witness-policy.ts'

const { key } = evidenceKey(9)
const TIME = 1_800_000_000
const W = [11, 12, 13].map((byte, at) => `witness w${at + 1} ${witnessVkey(byte)}\n`)
const POLICY = `# who must have seen a checkpoint\nlog ${LOG_VKEY} https://log.example/one\n\n${W[0]}${W[1]}${W[2]}group two 2 w1 w2 w3\nquorum two\n`

/** The files of docs/formats/vectors/witness/ by name: the same bytes on every run. */
export function witnessVectors(): ReadonlyMap<string, string> {
  const vectors = {
    'witness-policy.json': policies(),
    'cosigned-checkpoint.json': cosigned(),
    'log-key-rotation.json': rotation(),
  }
  return new Map(Object.entries(vectors).map(([name, value]) => [name, `${JSON.stringify(value, null, 2)}\n`]))
}

function policies(): object {
  const nested = `${W.join('')}group a any w1 w2\ngroup b all a w3\nquorum b\n`
  const accepted = [POLICY, nested, 'quorum none\n', `${W[0]}quorum w1\n`].map((text) => {
    const policy = parseWitnessPolicy(utf8(text))
    const judged = Array.from({ length: 2 ** policy.witnesses.length }, (_, bits) => {
      const made = policy.witnesses.filter((_witness, at) => ((bits >> at) & 1) === 1)
      const { isReached, missing } = judgeQuorum(policy, new Set(made))
      return { cosigned: made.map(({ name }) => name), isReached, missing: missing.map(({ name }) => name) }
    })
    return { policy: text, judged }
  })
  const refused = [
    'quorum none',
    '# nothing else\n',
    'quorum none\r\n',
    'quorum none\nquorum none\n',
    `log ${witnessVkey(11)}\nquorum none\n`,
    `${W[0]}${W[0]}quorum none\n`,
    `${W[0]}group g 2 w1\nquorum g\n`,
    `${W[0]}group g any w1 w1\nquorum g\n`,
    `group g any w1\n${W[0]}quorum g\n`,
    `${W[0]}group none any w1\nquorum w1\n`,
  ].map((policy) => ({ policy, ...refusalOf(policy) }))
  return { accepted, refused }
}

function refusalOf(text: string): { readonly code: string; readonly line: number } {
  try {
    parseWitnessPolicy(utf8(text))
  } catch (error) {
    if (error instanceof WitnessPolicyError) return { code: error.code, line: error.line }
    throw error
  }
  throw new Error('the policy is accepted')
}

function cosigned(): object {
  const log = toldLog()
  const { note } = log.signed(8)
  const { text, signatures } = parseNote(note)
  const signers = [11, 13].map((byte, at) => witnessSigner(byte, TIME + at))
  const made = signers.map(({ name, keyId, sign }) => ({ name, keyId, signature: sign(text) }))
  const whole = formatNote({ text, signatures: [...signatures, ...made] })
  const { isReached, cosignatures } = judgeWitnessed(parseWitnessPolicy(utf8(POLICY)), whole)
  return {
    policy: POLICY,
    checkpoint: note,
    requests: [
      formatAddCheckpoint({ oldSize: 0, proof: [], note }),
      formatAddCheckpoint({ oldSize: 5, proof: log.proof(5, 8), note }),
    ],
    signed: `cosignature/v1\ntime ${TIME}\n${text}`,
    answers: made.map((one) => formatNote({ text, signatures: [one] }).slice(text.length + 1)),
    cosigned: whole,
    isReached,
    times: [...cosignatures].map(([{ name }, { time }]) => ({ witness: name, time })),
    refused: [{ cosigned: whole.replace('\n8\n', '\n9\n'), code: 'signature_invalid' }],
  }
}

function rotation(): object {
  const step = { origin: LOG_ORIGIN, retires: LOG_VKEY, begins: logVkey(2) }
  const keyring = {
    origin: LOG_ORIGIN,
    keys: [
      { verifierKey: step.retires, from: 0, until: 5 },
      { verifierKey: step.begins, from: 4, until: null },
    ],
  }
  const possession = provePossession(step, knownKey(2).sign)
  const { root } = toldLog().signed(6).checkpoint
  const trust = keyringTrust(keyring)
  const checkpoints = [
    [1, 5],
    [1, 6],
    [2, 6],
    [2, 3],
  ].map(([byte = 0, size = 0]) => {
    const { note } = signedBy(logSigner(byte), LOG_ORIGIN, size, root)
    return { checkpoint: note, refused: refusedBy(() => verifyCheckpoint(note, trust)) }
  })
  return {
    evidenceKey: formatEvidenceKey(key.publicKey),
    possessionText: possessionText(step),
    statements: (['announced', 'completed'] as const).map((state) => {
      const at = '2027-01-15T08:00:00Z'
      const predicate = { ...step, state, possession, at, ...stampOf(LOG_KEY_ROTATION, TIME) } as {
        [name: string]: Json
      }
      const subject = [{ name: step.begins, digest: { sha256: sha256Hex(parseVerifierKey(step.begins).publicKey) } }]
      const payload = encodeStatement({ subject, predicateType: LOG_KEY_ROTATION, predicate })
      return {
        statement: fromUtf8(payload),
        envelope: formatEnvelope(signEnvelope(STATEMENT_PAYLOAD_TYPE, payload, [key])),
      }
    }),
    keyring,
    checkpoints,
  }
}

function refusedBy(verify: () => unknown): string | null {
  try {
    verify()
    return null
  } catch (error) {
    if (error instanceof TlogError) return error.code
    throw error
  }
}
