type Json = Record<string, unknown>

/** The Secret Manager response about versions. undefined = 404, null = another resource. */
export function answerVersions(
  path: string,
  json: Json,
  resources: Map<string, Json>,
): Json | undefined | null {
  if (path.endsWith(':addVersion')) {
    return addVersion(path.replace(':addVersion', ''), json, resources)
  }
  const [, secret = '', wanted, verb] =
    /^(.*\/secrets\/[^/]+)\/versions(?:\/(\w+))?(?::(\w+))?$/.exec(path) ?? []
  if (secret === '') return null
  const all = versionsOf(secret, resources)
  if (wanted === undefined) {
    const versions = all.map(({ payload: _, ...version }) => version).reverse()
    return { versions, totalSize: versions.length }
  }
  const found = wanted === 'latest' ? all.at(-1) : resources.get(`${secret}/versions/${wanted}`)
  if (found === undefined) return undefined
  if (verb === 'destroy') {
    const { payload: _, ...rest } = found
    resources.set(String(found['name']), { ...rest, state: 'DESTROYED' })
    return { ...rest, state: 'DESTROYED' }
  }
  if (verb !== 'access') return found
  return found['payload'] === undefined
    ? undefined
    : { name: found['name'], payload: found['payload'] }
}

function addVersion(
  secret: string,
  { payload }: Json,
  resources: Map<string, Json>,
): Json | undefined {
  if (!resources.has(secret)) return undefined
  const name = `${secret}/versions/${versionsOf(secret, resources).length + 1}`
  resources.set(name, { name, state: 'ENABLED', payload })
  return { name, state: 'ENABLED', clientSpecifiedPayloadChecksum: true }
}

/** The versions of a secret, oldest first. */
function versionsOf(secret: string, resources: Map<string, Json>): Json[] {
  const start = `${secret}/versions/`
  return [...resources].flatMap(([name, one]) => (name.startsWith(start) ? [one] : []))
}
