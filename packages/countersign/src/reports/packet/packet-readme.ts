/** What a packet says of itself, for whoever opens it first. */
export function packetReadme(createdAt: string, entries: number, logSize: number): string {
  return `# Evidence packet

Made by Countersign at ${createdAt}. It holds ${entries} of the ${logSize} entries that its log had then, with everything that is
needed to prove them without a network and without trusting whoever made it.

## Verify it

Take the two keys from somewhere else than this packet: from the people who run the log, or from a packet that you proved
before. \`countersign log key\` prints both there. Then, with either program:

    countersign packet verify PACKET --log-key LOG.vkey --evidence-key EVIDENCE.pem
    countersign-verify PACKET --log-key LOG.vkey --evidence-key EVIDENCE.pem

PACKET is this folder, or the zip. Without the keys the answer is "indeterminate" and never "pass": whoever made the packet
could have made the keys in it too. \`countersign-verify\` is the command of the npm package @countersign/verify, which depends
on nothing else.

## What lies where

| file | what it is |
|---|---|
| \`manifest.json\` | every other file with its SHA-256 and size |
| \`manifest.dsse.json\` | the manifest, signed by the evidence key (DSSE) |
| \`checkpoint\` | the log's size and root hash, signed by the log (C2SP tlog-checkpoint) |
| \`keys/log.vkey\`, \`keys/evidence.pem\` | the keys, to compare with those that you have from elsewhere |
| \`entries/N.json\` | entry N of the log, byte for byte: a DSSE envelope around an in-toto statement |
| \`proofs/N.tlog-proof\` | the proof that entry N is in the tree of the checkpoint (C2SP tlog-proof) |
| \`blobs/SHA256\` | what the statements name by digest: the Git objects judged, the policy in force, long envelopes |

## With other tools

- \`jq -r '.files[] | .sha256 + "  " + .path' manifest.json | sha256sum --check --strict\` compares every file with the manifest.
- Any DSSE verifier checks \`manifest.dsse.json\` and \`entries/N.json\`; any checkpoint and tlog-proof reader the rest.
- \`jq -r .payload entries/N.json | base64 --decode | jq\` shows a statement.

The formats are described in docs/formats/ of Countersign's source.
`
}
