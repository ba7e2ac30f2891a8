import { createServer } from 'node:http'
import { json as readJson } from 'node:stream/consumers'
import type { GcpIo } from '../../../deploy/commands/gcp-io.ts'
import { rollbackCommand } from '../../../deploy/commands/rollback.ts'
import { statusCommand } from '../../../deploy/commands/status.ts'
import type { OperateDependencies } from '../../../deploy/gcp/operate/dependencies.ts'
import { runCommand } from '../../../deploy/kit/run-command.ts'
import { listen } from '../http/listen.ts'
import type { CommandResult } from './deploy.ts'
import type { Reply } from './fake-commands.ts'

type Json = Record<string, unknown>

/** The API of Firebase Hosting and the public origin of the deployment. */
export interface Web extends AsyncDisposable {
  readonly url: string
  /** The releases, newest first. */
  releases: Json[]
  /** The requests that created a release. */
  readonly released: { readonly query: string; readonly body: Json }[]
  /** Responses of the public origin by path. Other paths get a 404. */
  readonly answers: Map<string, { readonly status: number; readonly body?: Json }>
}

const SITE = 'projects/acme-prod/sites/acme-prod'

export async function startWeb(): Promise<Web> {
  const web: Omit<Web, 'url' | typeof Symbol.asyncDispose> = {
    releases: [],
    released: [],
    answers: new Map(),
  }
  const server = createServer(async (req, res) => {
    const { pathname, search } = new URL(req.url ?? '', 'http://web')
    const path = pathname.replace('/v1beta1/projects/acme-prod/', 'hosting:')
    let answer = web.answers.get(pathname) ?? { status: 404, body: {} }
    if (path === 'hosting:sites') {
      answer = { status: 200, body: { sites: [{ name: SITE, type: 'DEFAULT_SITE' }] } }
    } else if (path.endsWith('/channels/live/releases')) {
      if (req.method === 'POST') {
        web.released.push({
          query: decodeURIComponent(search),
          body: (await readJson(req)) as Json,
        })
      }
      answer = { status: 200, body: { releases: web.releases } }
    }
    res.writeHead(answer.status, { 'content-type': 'application/json' })
    res.end(JSON.stringify(answer.body ?? {}))
  })
  const { url, [Symbol.asyncDispose]: dispose } = await listen(server)
  return Object.assign(web, { url, [Symbol.asyncDispose]: dispose })
}

/** A release of the version `id` with the same time as the version. */
export function release(id: string, time: string, message: string | undefined): Json {
  return {
    version: { name: `${SITE}/versions/${id}`, status: 'FINALIZED', createTime: time },
    releaseTime: time,
    type: 'DEPLOY',
    ...(message !== undefined && { message }),
    releaseUser: { email: 'dana@acme.example' },
  }
}

export interface Deployed {
  readonly id: string
  readonly region?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Oldest first: name, creation time and whether the revision is ready (default true). */
  readonly revisions: readonly (readonly [name: string, time: string, ready?: boolean])[]
  readonly serving: string
}

const OURS = { 'made-by': 'chatgpt-auth0-gateway' }

/** The gcloud replies for these functions. */
export function repliesFor(deployed: readonly Deployed[]): Reply[] {
  return [
    { line: 'auth print-access-token', stdout: 'an-access-token\n' },
    {
      line: 'functions list',
      stdout: deployed.map(({ id, region = 'us-central1', labels = OURS, revisions }) => ({
        name: `projects/acme-prod/locations/${region}/functions/${id}`,
        state: 'ACTIVE',
        labels,
        updateTime: revisions.at(-1)?.[1],
        serviceConfig: { service: `projects/acme-prod/locations/${region}/services/${id}` },
      })),
    },
    ...deployed.flatMap(({ id, revisions, serving }): Reply[] => [
      {
        line: `run services describe ${id} `,
        stdout: { status: { traffic: [{ revisionName: serving, percent: 100 }] } },
      },
      {
        line: `run revisions list --service=${id} `,
        stdout: revisions.map(([name, creationTimestamp, isReady = true]) => ({
          metadata: { name, creationTimestamp },
          status: { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
        })),
      },
    ]),
  ]
}

/** Runs the command in this process. */
export async function operateHere(
  command: 'status' | 'rollback',
  args: readonly string[],
  dependencies: Pick<OperateDependencies, 'run' | 'env'>,
): Promise<CommandResult> {
  const result = { stdout: '', stderr: '' }
  const code = await runCommand<GcpIo>(
    { status: statusCommand, rollback: rollbackCommand }[command],
    {
      ...dependencies,
      args,
      fetch,
      write: (text) => {
        result.stdout += text
      },
      writeError: (text) => {
        result.stderr += text
      },
    },
  )
  return { code, ...result }
}
