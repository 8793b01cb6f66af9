import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startArgocd } from './argocd/start-argocd.ts'
import { startAuditSink } from './audit-sink/audit-sink.ts'
import { CLUSTER_NAMES, type Cluster, type EstateWish, type ServiceName, type Services } from './estate-wish.ts'
import { startFlux } from './flux/start-flux.ts'
import { startGitHttp } from './git-http/git-http.ts'
import { startGitea } from './gitea/start-gitea.ts'
import { makeKeptFolder, releaseFolder } from './keeper-link.ts'
import { startKubernetes } from './kubernetes/start-kubernetes.ts'
import { startOidc } from './oidc/oidc.ts'
import { startPostgres } from './postgres/start-postgres.ts'
import type { Program } from './program.ts'
import { startS3 } from './s3/start-s3.ts'
import { settleAll } from './settle-all.ts'
import { startSmtp } from './smtp/smtp.ts'
import { stopAll } from './stop-all.ts'

/** How much memory a program held at most, in KiB; null where the system does not say. */
export interface PeakMemory {
  readonly program: string
  readonly peakKiB: number | null
}

/** What every estate has, whatever was asked for. */
export interface EstateGround {
  /** Its own temporary folder, removed by `stop` unless `COUNTERSIGN_ESTATE_KEEP` is set. */
  readonly folder: string
  readonly clusters: readonly Cluster[]
  /** How long each service took from being asked for to being ready, in milliseconds, beside the others. */
  readonly startTimes: ReadonlyMap<string, number>
  /** What each program printed so far. */
  logs(): Promise<ReadonlyMap<string, string>>
  peakMemory(): Promise<readonly PeakMemory[]>
  /** Stops everything and removes the folder. May be called twice. */
  stop(): Promise<void>
}

/** An estate has exactly the services that were asked for. */
export type Estate<W extends EstateWish> = EstateGround & Pick<Services, Extract<keyof W, ServiceName>>

/**
 * Starts the services that a test asks for, each on free loopback ports and in a folder of its own, side by side where they do not
 * need each other, and waits until each says that it is ready.
 *
 * Rejects with `EstateError`: `program_not_built` with the way to get the program, `program_exited` and `program_not_ready` with
 * its last words; whatever had been started is stopped then.
 */
export async function startEstate<W extends EstateWish>(wish: W): Promise<Estate<W>> {
  const parent = tmpdir().length > 40 ? '/tmp' : tmpdir()
  // PostgreSQL and Gitea are not root, and pass through this folder to theirs.
  const folder = await makeKeptFolder(join(parent, 'csn-estate-'), 0o711)
  if (isKept()) await releaseFolder(folder)
  const estate = new StartingEstate(folder, wish)
  try {
    await estate.start()
    // The types of what was asked for cannot be followed through the parallel start.
    return Object.assign(estate, estate.services) as unknown as Estate<W>
  } catch (error) {
    await estate.stop().catch(() => {})
    throw error
  }
}

interface StartedService {
  readonly programs?: readonly Program[]
  stop(): Promise<void>
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

class StartingEstate implements EstateGround {
  readonly folder: string
  readonly clusters: Mutable<Cluster>[] = []
  readonly startTimes = new Map<string, number>()
  readonly services: Partial<Mutable<Services>> = {}
  readonly #wish: EstateWish
  readonly #started: StartedService[] = []
  #stopping: Promise<void> | null = null

  constructor(folder: string, wish: EstateWish) {
    this.folder = folder
    this.#wish = wish
  }

  async start(): Promise<void> {
    await settleAll([this.#startClusters(), ...this.#startOthers()])
  }

  async logs(): Promise<ReadonlyMap<string, string>> {
    return new Map(await Promise.all(this.#programs().map(async (one) => [one.name, await one.log()] as const)))
  }

  async peakMemory(): Promise<readonly PeakMemory[]> {
    return await Promise.all(
      this.#programs().map(async (one) => ({ program: one.name, peakKiB: await one.peakMemoryKiB() })),
    )
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end()
    return this.#stopping
  }

  async #end(): Promise<void> {
    const clusters: readonly object[] = this.clusters.map(({ kubernetes }) => kubernetes)
    const isCluster = (one: object): boolean => clusters.includes(one)
    const isSink = (one: object): boolean => one === this.services.audit
    try {
      await stopAll(this.#started.filter((one) => !isCluster(one) && !isSink(one)))
    } finally {
      // After what acts on it, and before what it tells: it has audit events to deliver until its end.
      await stopAll(this.#started.filter(isCluster)).finally(() => stopAll(this.#started.filter(isSink)))
    }
    if (isKept()) return
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    await releaseFolder(this.folder)
  }

  async #startClusters(): Promise<void> {
    const { kubernetes, flux, argocd, audit } = this.#wish
    if (audit) this.services.audit = await this.#time('audit', startAuditSink())
    if (kubernetes === undefined) {
      if (flux !== undefined || argocd !== undefined) throw new Error('Flux and Argo CD need kubernetes')
      return
    }
    const { clusters: count = 1 } = wishOf(kubernetes)
    await settleAll(CLUSTER_NAMES.slice(0, count).map((name, at) => this.#startCluster(name, at)))
    const [first] = this.clusters
    if (first !== undefined) this.services.kubernetes = first.kubernetes
    const [withFlux] = this.clusters.flatMap((cluster) => cluster.flux ?? [])
    if (withFlux !== undefined) this.services.flux = withFlux
    const [withArgocd] = this.clusters.flatMap((cluster) => cluster.argocd ?? [])
    if (withArgocd !== undefined) this.services.argocd = withArgocd
  }

  async #startCluster(name: string, at: number): Promise<void> {
    const { kubernetes: asked, flux, argocd } = this.#wish
    const folder = join(this.folder, name)
    const { audit } = this.services
    const settings = audit === undefined ? {} : { audit: { ...wishOf(asked).audit, webhook: `${audit.url}/${name}` } }
    const kubernetes = await this.#time(`${name} kubernetes`, startKubernetes({ folder, name, ...settings }))
    const cluster: Mutable<Cluster> = { name, kubernetes, flux: null, argocd: null }
    this.clusters[at] = cluster
    await settleAll([
      (async () => {
        if (!runsIn(flux, at)) return
        const context = { folder: join(folder, 'flux'), cluster: kubernetes }
        cluster.flux = await this.#time(`${name} flux`, startFlux(context))
      })(),
      (async () => {
        if (!runsIn(argocd, at)) return
        const { resyncSeconds } = wishOf(argocd)
        const context = { folder: join(folder, 'argocd'), cluster: kubernetes }
        const more = resyncSeconds === undefined ? {} : { resyncSeconds }
        cluster.argocd = await this.#time(`${name} argocd`, startArgocd({ ...context, ...more }))
      })(),
    ])
  }

  #startOthers(): readonly Promise<void>[] {
    const { gitea, git, s3, postgres, smtp, oidc } = this.#wish
    const begin = async <N extends ServiceName>(
      name: N,
      asked: unknown,
      start: () => Promise<Services[N] & StartedService>,
    ): Promise<void> => {
      if (asked !== undefined) this.services[name] = (await this.#time(name, start())) as Services[N]
    }
    return [
      begin('gitea', gitea, () => startGitea({ folder: join(this.folder, 'gitea') })),
      begin('git', git, () => startGitHttp({ folder: join(this.folder, 'git'), ...wishOf(git) })),
      begin('s3', s3, () => startS3({ folder: join(this.folder, 's3') })),
      begin('postgres', postgres, () => startPostgres({ folder: join(this.folder, 'postgres'), ...wishOf(postgres) })),
      begin('smtp', smtp, () => startSmtp(wishOf(smtp))),
      begin('oidc', oidc, () => startOidc(wishOf(oidc))),
    ]
  }

  /** What runs as a program of its own; other services are servers in the test's process. */
  #programs(): readonly Program[] {
    return this.#started.flatMap(({ programs = [] }) => programs)
  }

  async #time<T extends StartedService>(name: string, starting: Promise<T>): Promise<T> {
    const askedAt = performance.now()
    const started = await starting
    this.#started.push(started)
    this.startTimes.set(name, Math.round(performance.now() - askedAt))
    return started
  }
}

function runsIn(wish: EstateWish['flux'] | EstateWish['argocd'], at: number): boolean {
  if (wish === undefined) return false
  const { clusters = [0] } = wishOf(wish)
  return clusters.some((asked) => asked === at)
}

function wishOf<T extends object>(wish: T | true | undefined): Partial<T> {
  return typeof wish === 'object' ? wish : {}
}

function isKept(): boolean {
  return (process.env['COUNTERSIGN_ESTATE_KEEP'] ?? '') !== ''
}
