import { leaf } from '@countersign/verify'
import { isTagChange } from '../change.ts'
import type { Rule } from '../rule.ts'
import { notApplicable } from './explain.ts'

const rule = { id: 'ticket-referenced', sentence: 'The change names the ticket that asked for it.' } as const

/** What is looked at of each line: a policy's pattern must not take longer, however long a message is. */
const MAX_LINE = 400

/** Looks in the message of the change's own commit, and in those of the commits that a merge brings. */
export const ticketReferenced: Rule = {
  ...rule,
  controls: [
    'soc2-tsc@2017-pof2022:CC8.1',
    'nist-800-53@r5:CM-3',
    'iso27001@2022:A.8.32',
    'pci-dss@4.0.1:6.5.1',
    'eu-2024-1774@2024:17(1)(d)',
    'eu-2022-2555@2022:21(2)(e)',
    'nist-csf@2.0:ID.RA-07',
  ],
  evidence: ['PRR'],
  judge(facts, context) {
    if (isTagChange(facts.change) || facts.change.kind === 'history-rewritten') {
      return notApplicable(rule, 'only steps of a branch carry a request')
    }
    const { pattern } = context.policy.rules['ticket-referenced']
    const ticket = new RegExp(pattern, 'u')
    const lines = facts.commits.flatMap((commit) => commit.message.split('\n').map((line) => line.slice(0, MAX_LINE)))
    const found = lines.map((line) => ticket.exec(line)?.[0]).find((match) => match !== undefined)
    if (found !== undefined) {
      return leaf({ about: rule.id, verdict: 'pass', reason: 'ticket_named', sentence: rule.sentence, observed: found })
    }
    return leaf({
      about: rule.id,
      verdict: 'fail',
      reason: 'ticket_missing',
      sentence: 'no commit message of the change names a ticket',
      observed: `no match in ${facts.commits.length === 1 ? 'one message' : `${facts.commits.length} messages`}`,
      wanted: `text that matches ${pattern}`,
      remedy: 'the author: name the ticket in the commit or merge message',
    })
  },
}
