import { createRun } from '../command.ts'
import { DeployError } from '../deploy-error.ts'
import { createHostingClient } from '../operate/releases.ts'

// Releases an earlier version of a site again with its message; hosting:clone of firebase-tools
// releases it without a message. Called by `npm run destroy`.
const [project = '', site = '', version = ''] = process.argv.slice(2)
const client = createHostingClient(
  { project, site },
  { run: createRun(process.env), env: process.env, fetch },
)
try {
  const { releases } = await client.read()
  const same = releases.filter((one) => one.version.endsWith(`/versions/${version}`))
  const before = same.find(({ message }) => message !== undefined) ?? same[0]
  const name = before?.version ?? `projects/${project}/sites/${site}/versions/${version}`
  await client.release(site, name, before?.message)
} catch (error) {
  if (!(error instanceof DeployError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
