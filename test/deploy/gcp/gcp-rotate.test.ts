import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { GcpIo } from '../../../deploy/commands/gcp-io.ts'
import { rotateSecretCommand } from '../../../deploy/commands/rotate-secret.ts'
import type { Run } from '../../../deploy/gcp/command.ts'
import { runCommand } from '../../../deploy/kit/run-command.ts'
import { SECRETS, VARIABLES, writeEnvFile } from '../../support/google/deploy.ts'
import { builtOnce } from '../../support/google/deploy-runs.ts'
import { commandsForEachTest } from '../../support/google/fake-commands.ts'

const build = builtOnce()
const commands = commandsForEachTest()

const OURS = { 'made-by': 'chatgpt-auth0-gateway' }
const answer = (value: unknown) => ({ code: 0, stdout: JSON.stringify(value), stderr: '' })

/** A Secret Manager with one secret and its versions, in an otherwise empty project. */
function secretManager(
  name: string,
  first: string,
): { readonly versions: string[]; readonly run: Run } {
  const versions = [first]
  const run: Run = async (command, options) => {
    const line = command.join(' ')
    const read = new RegExp(`versions access (\\S+) --secret=${name} `).exec(line)
    if (read !== null) {
      const version = read[1] === 'latest' ? versions.length : Number(read[1])
      const data = Buffer.from(versions[version - 1] ?? '').toString('base64')
      return answer({ name: `projects/1/secrets/${name}/versions/${version}`, payload: { data } })
    }
    if (line.includes('services list --enabled')) {
      return answer([{ config: { name: 'secretmanager.googleapis.com' } }])
    }
    if (line.includes('secrets list')) {
      return answer([{ name: `projects/1/secrets/${name}`, labels: OURS }])
    }
    if (line.includes(`secrets versions add ${name} `)) {
      versions.push(options?.stdin ?? '')
      const version = `projects/1/secrets/${name}/versions/${versions.length}`
      return { code: 0, stdout: `{"name": "${version}"}`, stderr: '' }
    }
    return commands.run(command, options)
  }
  return { versions, run }
}

async function rotate(name: string, run: Run, args: readonly string[] = ['--apply']) {
  const file = `${commands.directory}/env.yaml`
  const sent: string[] = []
  let output = ''
  let errors = ''
  const code = await runCommand<GcpIo>(rotateSecretCommand, {
    args: [name, ...args, `--env-file=${file}`, `--dist=${commands.directory}/dist`],
    env: {},
    writeError: (text) => {
      errors += text
    },
    run,
    write: (text) => {
      output += text
    },
    build,
    authorizeStream: async (_, value) => {
      sent.push(value)
    },
  })
  return { code, output, errors, sent }
}

const given = { ...VARIABLES, GCP_REGION: 'us-central1' }

test('log-webhook accepts both values of LOG_WEBHOOK_SECRET before the log stream sends the new one', async () => {
  const old = SECRETS.LOG_WEBHOOK_SECRET
  const file = writeEnvFile(commands.directory, given)
  const { versions, run } = secretManager('LOG_WEBHOOK_SECRET', old)
  const { output, sent } = await rotate('LOG_WEBHOOK_SECRET', run)

  const made = versions[2] ?? ''
  expect(made).toMatch(/^[0-9a-f]{64}$/)
  expect(versions).toHaveLength(3)
  expect(versions[1]?.endsWith(`,${old}`)).toBe(true)
  expect(sent).toEqual([made])
  expect(output).not.toContain(made)
  expect(readFileSync(file, 'utf8')).toContain(`"LOG_WEBHOOK_SECRET": "${made}"`)
  expect(readFileSync(file, 'utf8')).toContain(SECRETS.GATEWAY_HMAC_SECRET)
})

test('without a login the command says how to log in', async () => {
  writeEnvFile(commands.directory, given)
  commands.reply({
    line: 'gcloud (?!config)',
    code: 1,
    stderr: 'You do not currently have an account',
  })
  const { code, errors } = await rotate('GATEWAY_HMAC_SECRET', commands.run)
  expect(code).toBe(1)
  expect(errors).toContain('Log in: gcloud auth login')
})

test('an interrupted rotation continues where it ended', async () => {
  writeEnvFile(commands.directory, given)
  const [made, old] = ['n'.repeat(40), SECRETS.LOG_WEBHOOK_SECRET]
  const { versions, run } = secretManager('LOG_WEBHOOK_SECRET', `${made},${old}`)
  const { sent } = await rotate('LOG_WEBHOOK_SECRET', run)
  expect(sent).toEqual([made])
  expect(versions.at(-1)).toBe(made)
})

test('the old value of GATEWAY_HMAC_SECRET signs until the backends have the new one', async () => {
  writeEnvFile(commands.directory, given)
  const old = SECRETS.GATEWAY_HMAC_SECRET
  const { versions, run } = secretManager('GATEWAY_HMAC_SECRET', old)
  const first = await rotate('GATEWAY_HMAC_SECRET', run)
  const [, prepared = ''] = versions
  const made = prepared.replace(`${old},`, '')
  expect(prepared).toBe(`${old},${made}`)
  expect(first.output).toContain('Configure both values in the backends')

  await rotate('GATEWAY_HMAC_SECRET', run)
  await rotate('GATEWAY_HMAC_SECRET', run)
  expect(versions.slice(2)).toEqual([`${made},${old}`, made])
})

test('a rotation changes nothing without --apply', async () => {
  writeEnvFile(commands.directory, given)
  const { versions, run } = secretManager('LOG_WEBHOOK_SECRET', SECRETS.LOG_WEBHOOK_SECRET)
  const { output, sent } = await rotate('LOG_WEBHOOK_SECRET', run, [])
  expect(output).toContain('1. Deploy log-webhook with the new and the old value.')
  expect(output).toContain('--apply')
  expect({ versions: versions.length, sent }).toEqual({ versions: 1, sent: [] })
})

test('a secret that supports only one value is rejected', async () => {
  writeEnvFile(commands.directory, given)
  const { code, errors } = await rotate('MGMT_CLIENT_SECRET', commands.run)
  expect(code).toBe(2)
  expect(errors).toContain('Unknown secret to rotate: MGMT_CLIENT_SECRET')
})

test.each(['--only', '--skip', '--prune', '--signing-key', '--keep-versions'])(
  'rejects %s, which would skip or add steps of the deployment',
  async (option) => {
    const { code, errors } = await rotate('LOG_WEBHOOK_SECRET', commands.run, [option])
    expect(code).toBe(2)
    expect(errors).toContain(`Unknown option '${option}'.`)
  },
)
