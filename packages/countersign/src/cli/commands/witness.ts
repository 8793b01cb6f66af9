import { fromUtf8, printable } from '@countersign/verify'
import { serveWitness, type WitnessServer, type WitnessServerOptions } from '../../server/witness-server.ts'
import { dataFolder, openOwnWitness, witnessForLogs } from '../../wire.ts'
import { Problem } from '../../workflows/problem.ts'
import type { Terminal } from '../terminal.ts'

/** The options of `countersign witness …`, as the grammar reads them. */
export interface WitnessOptions {
  readonly data?: string
  readonly name?: string
}

/** The options of `countersign witness serve`. */
export interface WitnessServeOptions extends WitnessOptions {
  readonly logs: string
  readonly listen: { readonly host: string; readonly port: number }
  readonly prefix: string
}

/** Prints the verifier key, which the keepers of logs put into their policies. */
export async function witnessKey({ data, name }: WitnessOptions, terminal: Terminal): Promise<number> {
  const witness = await openOwnWitness(dataFolder(data), name)
  await witness.state.close()
  await terminal.data(`${witness.verifierKey}\n`)
  return 0
}

/** Serves the witness until the process is told to end. Prints the address once it listens. */
export async function witnessServe(options: WitnessServeOptions, terminal: Terminal): Promise<number> {
  const { data, name, logs, listen, prefix } = options
  const witness = await openOwnWitness(dataFolder(data), name)
  try {
    const parts = await witnessForLogs(witness, logs)
    const server = await listenOn({ ...listen, prefix, parts, ...tellingOf(terminal) })
    const told = new Promise((resolve) => process.once('SIGTERM', resolve))
    terminal.talk(`witness ${printable(witness.name)} cosigns for ${parts.logs.size} logs\n`)
    await terminal.data(`${server.url}\n`)
    await told
    await server.close()
    return 0
  } finally {
    await witness.state.close()
  }
}

async function listenOn(options: WitnessServerOptions): Promise<WitnessServer> {
  try {
    return await serveWitness(options)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : cause
    throw new Problem('address_unusable', `${options.host}:${options.port} cannot be listened at (${code})`, { cause })
  }
}

function tellingOf(terminal: Terminal): Pick<WitnessServerOptions, 'report' | 'suspect'> {
  return {
    report: (error) => terminal.talk(`witness: ${printable(error instanceof Error ? error.message : String(error))}\n`),
    suspect: (reason, request) => {
      const lines = fromUtf8(request)
        .split('\n')
        .map((line) => `  ${printable(line)}\n`)
      terminal.talk(`witness: refused what its log had signed, which may prove a fork (${reason}):\n${lines.join('')}`)
    },
  }
}
