import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Built } from '../../../../deploy/build/build.ts'
import { ROOT } from '../../../../deploy/build/functions.ts'
import firebase from '../../../../deploy/firebase.json' with { type: 'json' }
import { createRun, type Run } from '../../../../deploy/gcp/command.ts'
import { type BuiltFunctions, buildAll } from '../../../support/build.ts'
import { runHere, VARIABLES, writeEnvFile } from '../../../support/google/deploy.ts'
import { type FakeCommands, fakeCommands } from '../../../support/google/fake-commands.ts'
import { type FirebaseApi, startFirebaseApi } from '../../../support/google/firebase-api.ts'
import { firebaseTools } from '../../../support/google/firebase-tools.ts'

// Runs the real firebase-tools against a fake of Firebase's APIs, and a fake gcloud with an empty
// project. Each command of firebase-tools takes seconds, so this runs only in CI.
const isWanted = process.env['CI'] !== undefined
const programs = isWanted ? firebaseTools() : undefined
if (programs === undefined) {
  const why = isWanted ? 'firebase-tools cannot be installed' : 'CI is not set'
  process.stderr.write(`\nSKIPPED: the tests with the real firebase-tools, ${why}\n\n`)
}

describe.skipIf(programs === undefined)(
  'Hosting with the real firebase-tools',
  { timeout: 600_000 },
  () => {
    let built: BuiltFunctions
    let directory: string
    let api: FirebaseApi
    let commands: FakeCommands
    beforeAll(async () => {
      built = await buildAll()
    })
    afterAll(() => built[Symbol.asyncDispose]())
    beforeEach(async () => {
      directory = mkdtempSync(join(tmpdir(), 'firebase-'))
      api = await startFirebaseApi(join(directory, 'config'))
      commands = fakeCommands(['gcloud'])
      api.sites.set('acme-prod', { isDefault: true, releases: [] })
      // The commands of this project get an access token from it.
      writeFileSync(join(directory, 'gcloud'), '#!/bin/sh\necho an-access-token\n', { mode: 0o755 })
    })
    afterEach(async () => {
      await api[Symbol.asyncDispose]()
      commands[Symbol.dispose]()
      rmSync(directory, { recursive: true })
    })

    function run(command: 'deploy' | 'destroy', ...args: string[]) {
      const { PATH = '', HOME = '' } = process.env
      const env = { PATH: `${directory}:${programs}:${PATH}`, HOME, ...api.env }
      const real = createRun(env)
      const either: Run = (given, options) =>
        given[0] === 'gcloud' ? commands.run(given, options) : real(given, options)
      const file = writeEnvFile(directory, { ...VARIABLES, GCP_REGION: 'europe-west1' })
      const places = [`--env-file=${file}`, `--dist=${directory}/dist`, '--only=hosting']
      const build = async (name: string) => built.functions.get(name) as Built
      return runHere(command, [...places, ...args], env, either, build)
    }

    const releases = (site = 'acme-prod') =>
      (api.sites.get(site)?.releases ?? []).map(({ type, message }) => message ?? type)
    const OURS = expect.stringMatching(/^chatgpt-auth0-gateway [0-9a-f]{40}$/)

    test('deploy releases the files and the configuration of firebase.json', async () => {
      expect(await run('deploy')).toMatchObject({ code: 0, stderr: '' })
      const [release] = api.sites.get('acme-prod')?.releases ?? []
      const { config, files, status } = (release?.['version'] ?? {}) as {
        readonly config: Record<string, unknown>
        readonly files: Readonly<Record<string, string>>
        readonly status: string
      }
      const { headers, rewrites, cleanUrls } = firebase.hosting
      expect(status).toBe('FINALIZED')
      expect(config).toEqual({
        cleanUrls,
        headers: headers.map((rule) => ({
          regex: rule.regex,
          headers: Object.fromEntries(rule.headers.map(({ key, value }) => [key, value])),
        })),
        // The registration function is deployed only with curated metadata.
        rewrites: rewrites
          .filter(({ run: { serviceId } }) => serviceId !== 'registration')
          .map(({ source, run: { serviceId } }) => ({
            glob: source,
            run: { serviceId, region: 'europe-west1' },
          })),
      })
      expect(Object.keys(files)).toContain('/index.html')
      for (const [path, hash] of Object.entries(files)) {
        expect(api.files.get(hash)).toEqual(readFileSync(`${ROOT}deploy/public${path}`))
      }
      expect(releases()).toEqual([OURS])

      await run('deploy')
      expect(releases()).toHaveLength(1)
    })

    test('deploy replaces a foreign release only with --adopt, and destroy restores it with its message', async () => {
      api.release('acme-prod', 'v412', 'Our web shop, release 412')
      const refused = await run('deploy')
      expect(refused.code).toBe(1)
      expect(refused.stderr).toContain('acme-prod serves the release "Our web shop, release 412"')
      expect(releases()).toEqual(['Our web shop, release 412'])

      expect((await run('deploy', '--adopt')).code).toBe(0)
      expect(releases()[0]).toMatch(/ after v412$/)
      expect((await run('destroy', '--apply')).code).toBe(0)
      expect(releases()[0]).toBe('Our web shop, release 412')
      const [restored] = api.sites.get('acme-prod')?.releases ?? []
      expect(restored?.['version']).toMatchObject({ name: expect.stringMatching(/\/v412$/) })
    })

    test('destroy disables the site and reports it if the previous version was deleted', async () => {
      api.release('acme-prod', 'v412', 'shop')
      await run('deploy', '--adopt')
      api.versions.delete('projects/acme-prod/sites/acme-prod/versions/v412')
      const { code, stdout } = await run('destroy', '--apply')
      expect(code).toBe(0)
      expect(stdout).toContain('Version v412 cannot be restored')
      expect(releases()[0]).toBe('SITE_DISABLE')
    })

    test('deploy and destroy with --site create, release and disable that site only', async () => {
      api.release('acme-prod', 'v412', 'shop')
      expect((await run('deploy', '--site=acme-mcp')).code).toBe(0)
      expect(releases('acme-mcp')).toEqual([OURS])
      expect((await run('destroy', '--site=acme-mcp', '--apply')).code).toBe(0)
      expect(releases('acme-mcp')[0]).toBe('SITE_DISABLE')
      expect(releases()).toEqual(['shop'])
    })

    test('deploy creates a missing default site and changes nothing in a second run', async () => {
      api.sites.clear()
      expect(await run('deploy')).toMatchObject({ code: 0, stderr: '' })
      expect(releases()).toEqual([OURS])
      await run('deploy')
      expect(releases()).toHaveLength(1)
    })

    test('destroy restores the previous release after a manual clone without a message', async () => {
      api.release('acme-prod', 'v412', 'shop')
      await run('deploy', '--adopt')
      const site = api.sites.get('acme-prod')
      const [own] = site?.releases ?? []
      const { message: _, ...unlabelled } = own ?? {}
      site?.releases.unshift(unlabelled)
      commands.reply({ line: 'auth print-access-token', stdout: 'an-access-token' })
      expect((await run('destroy', '--apply')).code).toBe(0)
      expect(releases()[0]).toBe('shop')
    })
  },
)
