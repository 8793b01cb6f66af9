import { RetentionPolicy } from '../../judge/retention/retention-policy.ts'
import { readYaml } from './read-yaml.ts'

/** Reads a retention policy. Throws `Problem` `policy_malformed` naming file, line, column and key. */
export function readRetention(file: string, bytes: Uint8Array): RetentionPolicy {
  return readYaml(file, bytes, RetentionPolicy)
}
