import { readFileSync } from 'node:fs'
import type { Command, Finished } from '../../deploy/gcp/command.ts'

type Json = Readonly<Record<string, unknown>>

/** The resources of a Google Cloud project that deploy and destroy use, as plain JSON. */
export interface CloudProject {
  readonly apis: string[]
  /** By `region/name`. */
  readonly functions: Record<string, Json>
  /** The members that may invoke a service, by `region/name`. */
  readonly invokers: Record<string, string[]>
  readonly secrets: Record<string, StoredSecret>
  /** Descriptions by e-mail address. */
  readonly accounts: Record<string, string>
  /** The release messages of each site, newest last. null = disabled. */
  readonly sites: Record<string, (string | null)[]>
}

interface StoredSecret {
  readonly labels: Json
  /** The values. null = destroyed. */
  readonly versions: (string | null)[]
  readonly readers: string[]
}

export function emptyProject(): CloudProject {
  return {
    ...{ apis: [], functions: {}, invokers: {}, secrets: {}, accounts: {} },
    sites: { 'acme-prod': [] },
  }
}

const NOT_FOUND: Finished = { code: 1, stdout: '', stderr: 'NOT_FOUND: no such thing' }
const CONFLICT: Finished = { code: 1, stdout: '', stderr: 'ALREADY_EXISTS: it is there' }
const DONE = ok({})

/**
 * Carries out a gcloud or firebase command in `project` and returns its result. Missing resources result
 * in NOT_FOUND, and creating an existing resource results in ALREADY_EXISTS.
 */
export function answerCommand(project: CloudProject, command: Command, stdin: string): Finished {
  const [program, ...args] = command
  const words = args.filter((arg) => !arg.startsWith('-'))
  const line = words.join(' ')
  const name = words.at(-1) ?? ''
  const at = `${flag(args, 'region')}/${name}`
  if (program === 'firebase') return firebase(project, args)
  if (line.startsWith('config get')) return { ...DONE, stdout: '' }
  if (line === 'services list') {
    return ok(project.apis.map((api) => ({ config: { name: api } })))
  }
  if (line.startsWith('services enable')) return change(() => project.apis.push(...words.slice(2)))
  if (line.startsWith('projects describe')) {
    return ok({ projectId: name, projectNumber: '1', lifecycleState: 'ACTIVE' })
  }
  if (line === 'functions list') return ok(Object.values(project.functions))
  if (line.startsWith('functions deploy')) return deployFunction(project, name, args)
  if (line.startsWith('functions delete')) {
    return remove(project.functions, at, () => delete project.invokers[at])
  }
  if (line === 'run services list') return ok([])
  if (line.startsWith('run services')) {
    return policy(project.invokers[at], 'roles/run.invoker', words[2] ?? '', args)
  }
  if (line.startsWith('iam service-accounts')) return accounts(project, words[2], name, args)
  if (line.startsWith('secrets')) return secrets(project, words, args, stdin)
  return NOT_FOUND
}

function firebase({ sites }: CloudProject, args: readonly string[]): Finished {
  const site = after(args, '--site') ?? 'acme-prod'
  const releases = sites[site]
  if (args[0] === 'hosting:sites:create') return change(() => (sites[args[1] ?? ''] = []))
  if (args[0] === 'deploy') {
    const config = JSON.parse(readFileSync(after(args, '--config') ?? '', 'utf8'))
    const own = sites[config.hosting.site ?? 'acme-prod']
    return own === undefined ? NOT_FOUND : change(() => own.push(after(args, '--message') ?? ''))
  }
  if (releases === undefined) return { ...NOT_FOUND, stderr: 'could not find site' }
  if (args[0] === 'hosting:disable') return change(() => releases.push(null))
  const message = releases.at(-1)
  const release = message == null ? {} : { release: { message, version: { name: 'versions/1' } } }
  return ok({ result: { channels: [{ name: `sites/${site}/channels/live`, ...release }] } })
}

function accounts(
  project: CloudProject,
  verb: string | undefined,
  name: string,
  args: readonly string[],
): Finished {
  if (verb === 'list') {
    const all = Object.entries(project.accounts)
    return ok(all.map(([email, description]) => ({ email, description })))
  }
  if (verb === 'delete') return remove(project.accounts, name)
  const email = `${name}@acme-prod.iam.gserviceaccount.com`
  if (email in project.accounts) return CONFLICT
  return change(() => (project.accounts[email] = flag(args, 'description')))
}

function secrets(
  { secrets: all }: CloudProject,
  words: readonly string[],
  args: readonly string[],
  stdin: string,
): Finished {
  const [, verb = '', ...rest] = words
  if (verb === 'list') {
    return ok(Object.entries(all).map(([id, { labels }]) => ({ name: `p/secrets/${id}`, labels })))
  }
  if (verb === 'create') {
    const [id = ''] = rest
    if (id in all) return CONFLICT
    const labels = pairs(flag(args, 'labels'))
    return change(() => (all[id] = { labels, versions: [], readers: [] }))
  }
  if (verb === 'delete') return remove(all, rest[0] ?? '')
  if (verb !== 'versions') {
    return policy(all[rest[0] ?? '']?.readers, 'roles/secretmanager.secretAccessor', verb, args)
  }
  const id = flag(args, 'secret') || (rest[1] ?? '')
  const versions = all[id]?.versions
  if (versions === undefined) return NOT_FOUND
  const nameOf = (version: number) => `p/secrets/${id}/versions/${version}`
  if (rest[0] === 'add') {
    versions.push(stdin)
    return ok({ name: nameOf(versions.length) })
  }
  if (rest[0] === 'list') {
    const states = versions.map((value) => (value === null ? 'DESTROYED' : 'ENABLED'))
    return ok(states.map((state, index) => ({ name: nameOf(index + 1), state })))
  }
  const version = rest[1] === 'latest' ? versions.length : Number(rest[1])
  const value = versions[version - 1]
  if (value == null) return NOT_FOUND
  if (rest[0] === 'destroy') return change(() => (versions[version - 1] = null))
  return ok({ name: nameOf(version), payload: { data: Buffer.from(value).toString('base64') } })
}

function deployFunction(
  { functions, invokers, accounts: known }: CloudProject,
  name: string,
  args: readonly string[],
): Finished {
  const region = flag(args, 'region')
  const at = `${region}/${name}`
  if (!(flag(args, 'service-account') in known)) return NOT_FOUND
  const secretEnvironmentVariables = Object.entries(pairs(flag(args, 'set-secrets'))).map(
    ([key, value]) => ({
      key,
      secret: value.replace(/:.*$/, ''),
      version: value.replace(/^.*:/, ''),
    }),
  )
  functions[at] = {
    name: `projects/acme-prod/locations/${region}/functions/${name}`,
    state: 'ACTIVE',
    labels: { ...Object(functions[at]?.['labels']), ...pairs(flag(args, 'update-labels')) },
    buildConfig: { entryPoint: flag(args, 'entry-point'), runtime: flag(args, 'runtime') },
    serviceConfig: {
      service: `projects/acme-prod/locations/${region}/services/${name}`,
      availableCpu: flag(args, 'cpu'),
      availableMemory: flag(args, 'memory'),
      maxInstanceRequestConcurrency: Number(flag(args, 'concurrency')),
      timeoutSeconds: Number.parseInt(flag(args, 'timeout'), 10),
      ingressSettings: 'ALLOW_ALL',
      serviceAccountEmail: flag(args, 'service-account'),
      maxInstanceCount: Number(flag(args, 'max-instances')),
      environmentVariables: JSON.parse(readFileSync(flag(args, 'env-vars-file'), 'utf8')),
      secretEnvironmentVariables,
    },
  }
  const open = args.includes('--allow-unauthenticated') ? ['allUsers'] : []
  invokers[at] = [...new Set([...(invokers[at] ?? []), ...open])]
  return DONE
}

function policy(
  members: string[] | undefined,
  role: string,
  verb: string,
  args: readonly string[],
): Finished {
  if (members === undefined) return NOT_FOUND
  if (verb === 'get-iam-policy') return ok({ bindings: [{ role, members }] })
  const member = flag(args, 'member')
  const index = members.indexOf(member)
  if (verb === 'add-iam-policy-binding') return change(() => index < 0 && members.push(member))
  return index < 0 ? NOT_FOUND : change(() => members.splice(index, 1))
}

function remove(from: Record<string, unknown>, key: string, also?: () => void): Finished {
  if (!(key in from)) return NOT_FOUND
  delete from[key]
  also?.()
  return DONE
}

function change(make: () => unknown): Finished {
  make()
  return DONE
}

function ok(value: unknown): Finished {
  return { code: 0, stdout: JSON.stringify(value), stderr: '' }
}

function flag(args: readonly string[], name: string): string {
  const start = `--${name}=`
  return args.find((arg) => arg.startsWith(start))?.slice(start.length) ?? ''
}

function after(args: readonly string[], name: string): string | undefined {
  const index = args.indexOf(name)
  return index < 0 ? undefined : args[index + 1]
}

function pairs(list: string): Record<string, string> {
  const items = list.split(',').filter((item) => item !== '')
  return Object.fromEntries(items.map((item) => item.split(/=(.*)/s).slice(0, 2)))
}
