import { faultsOfCustomControls } from '../../judge/controls/controls-for.ts'
import { CustomControls } from '../../judge/controls/custom-controls.ts'
import { readYaml } from './read-yaml.ts'

/** The schema and what it cannot see by itself: that every tag is one which is in force, in its canonical form. */
const Checked = CustomControls.superRefine((controls, context) => {
  for (const { path, message } of faultsOfCustomControls(controls))
    context.addIssue({ code: 'custom', path: [...path], message })
})

/** Reads `.countersign/controls.yaml`. Throws `Problem` `policy_malformed` naming file, line, column and key. */
export function readControls(file: string, bytes: Uint8Array): CustomControls {
  return readYaml(file, bytes, Checked)
}
