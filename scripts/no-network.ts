import type { Socket } from 'node:net'

type Connect = Socket['connect']

const GUARDED = Symbol('guarded')
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/

/** A test tried to leave the machine. */
export class NetworkForbiddenError extends Error {
  override readonly name = 'NetworkForbiddenError'
}

/**
 * A `connect` that throws {@link NetworkForbiddenError} for any host but this machine and otherwise does what the given one
 * does. fetch, http, https, tls and net all come through it; child processes do not.
 */
export function guardSockets(connect: Connect): Connect {
  if (GUARDED in connect) return connect
  const guarded = function (this: Socket, ...args: unknown[]): Socket {
    const host = hostOf(args)
    if (host !== null && !LOOPBACK.test(host)) throw new NetworkForbiddenError(`a test tried to connect to ${host}`)
    return Reflect.apply(connect, this, args)
  }
  return Object.assign(guarded, { [GUARDED]: true })
}

/** The host that a call of `connect` names; null for a socket file, and localhost where it names none. */
function hostOf(args: readonly unknown[]): string | null {
  // net.connect hands its already normalised arguments on as one array.
  const [first, second] = Array.isArray(args[0]) ? args[0] : args
  if (typeof first === 'object' && first !== null) {
    if ('path' in first && typeof first.path === 'string') return null
    return 'host' in first && typeof first.host === 'string' ? first.host : 'localhost'
  }
  if (typeof first === 'string' && !/^\d+$/.test(first)) return null
  return typeof second === 'string' ? second : 'localhost'
}
