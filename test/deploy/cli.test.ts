import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { ROOT } from '../../deploy/build/functions.ts'
import { COMMANDS, findCommand, overview } from '../../deploy/commands/registry.ts'
import { operatorEnvironment } from '../../deploy/env-file.ts'
import { checkNpmOptions } from '../../deploy/kit/npm-options.ts'
import { createProgress } from '../../deploy/kit/progress.ts'
import { runCommand } from '../../deploy/kit/run-command.ts'
import { withToolsFilePath } from '../../deploy/kit/tools-file-path.ts'
import manifest from '../../package.json' with { type: 'json' }
import type { Environment } from '../../shared/config.ts'
import { didYouMean } from '../../shared/nearest.ts'
import { CLI } from '../support/command-line.ts'

const SCRIPTS: Readonly<Record<string, string>> = manifest.scripts
const NAMES = COMMANDS.map(({ name }) => name)
const MISSING = '/nowhere.yaml cannot be read: copy .env.yaml.sample to it'
const ESCAPE = '\u001b'

function run(name: string, ...args: readonly string[]) {
  return runWith({}, name, ...args)
}

async function runWith(env: Environment, name: string, ...args: readonly string[]) {
  let [stdout, stderr] = ['', '']
  const code = await runCommand(findCommand(name), {
    args,
    env,
    write: (text) => {
      stdout += text
    },
    writeError: (text) => {
      stderr += text
    },
    hasColor: true,
  })
  return { code, stdout, stderr }
}

function runProcess(...args: readonly string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [CLI, ...args], (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}

describe.each(NAMES)('npm run %s', (name) => {
  test('is a script in package.json that checks the version of Node.js first', () => {
    const script = `node --import ./deploy/node-version.js -- deploy/cli.ts ${name}`
    expect(SCRIPTS[name]).toBe(script)
  })

  test.each(['--help', '-h'])('%s prints the usage and every option', async (help) => {
    const { code, stdout, stderr } = await run(name, help, '--no-color')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n', 1)[0]).toMatch(new RegExp(`^Usage: npm run ${name}\\b`))
    expect(stdout).toMatch(/Exit code: 0 .*, 1 .*, 2 usage error\n$/)
    for (const option of ['--json', '--no-color', '--help']) expect(stdout).toContain(option)
    for (const option of optionsOf(name)) expect(stdout).toContain(`--${option}`)
  })

  test('rejects an unknown option with its name, without its value and with the nearest option', async () => {
    const { code, stdout, stderr } = await run(name, '--jsn=a-secret')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^Unknown option '--jsn'\. Did you mean --json\?\nUsage: npm run /)
    expect(stderr).not.toContain('a-secret')
  })

  test('prints no colour with --no-color', async () => {
    expect((await run(name, '--help')).stdout).toContain(ESCAPE)
    expect((await run(name, '--help', '--no-color')).stdout).not.toContain(ESCAPE)
  })

  test('rejects an option without its value as a usage error', async () => {
    const valued = optionsOf(name).filter((option) => {
      const spec = findCommand(name).options[option]
      return spec?.type === 'string' || spec?.type === 'list'
    })
    for (const option of valued) {
      const { code, stderr } = await run(name, `--${option}`, '--json')
      expect([code, stderr.split('\n', 1)[0]]).toEqual([2, `--${option} requires a value.`])
    }
  })
})

describe('the usage line', () => {
  test.each([
    ['start', 'npm run start [-- options]'],
    ['connect', 'npm run connect -- [URL] [options]'],
    ['doctor', 'npm run doctor -- [URL] [options]'],
    ['import', 'npm run import -- FILE|URL [options]'],
    ['preview', 'npm run preview -- [TOOL] [options]'],
    ['build', 'npm run build -- [FUNCTION...] [options]'],
    ['deploy', 'npm run deploy -- [FUNCTION...] [options]'],
    ['rollback', 'npm run rollback -- [PART...] [options]'],
    ['rotate-secret', 'npm run rotate-secret -- NAME [options]'],
  ])('of %s is %s', async (name, usage) => {
    const { stdout } = await run(name, '--help', '--no-color')
    expect(stdout.split('\n', 1)[0]).toBe(`Usage: ${usage}`)
    for (const argument of findCommand(name).arguments ?? []) {
      expect(stdout).toMatch(new RegExp(`^ {2}${argument.name.replace('|', '\\|')} `, 'm'))
    }
  })

  test('of destroy is followed only by options that change what it removes', async () => {
    const { stdout } = await run('destroy', '--help', '--no-color')
    expect(stdout).not.toMatch(/--dist|doctor/)
  })
})

describe('an option that npm took', () => {
  test.each([
    ['deploy', { npm_config_dry_run: 'true' }, 'Write: npm run deploy -- --dry-run'],
    ['provision', { npm_config_dry_run: 'true' }, 'npm run provision does not have this option.'],
    ['status', { npm_config_json: 'true' }, 'Write: npm run status -- --json'],
    ['deploy', { npm_config_project: 'x' }, 'Write: npm run deploy -- --project ID'],
    ['doctor', { npm_config_token_description: 'x' }, 'Write: npm run doctor -- --token TOKEN'],
    [
      'provision',
      { npm_config_all: 'true', npm_config_parseable: 'true', npm_config_long: 'true' },
      undefined,
    ],
    [
      'provision',
      {
        ...{ npm_config_all: 'true', npm_config_parseable: 'true', npm_config_long: 'true' },
        npm_config_yes: 'true',
      },
      'Write: npm run provision -- --apply',
    ],
  ])('of %s with %j is a usage error: %s', async (name, env, said) => {
    let stderr = ''
    const check = () => checkNpmOptions(findCommand(name), [], env)
    if (said === undefined) return expect(check).not.toThrow()
    const code = await runCommand(findCommand(name), {
      ...{ args: [], env, write: () => undefined },
      writeError: (text) => {
        stderr += text
      },
    })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^npm took --[a-z-]+ for itself\. /)
    expect(stderr.split('\n', 1)[0]).toContain(said)
  })

  test("is no error for npm's own settings", () => {
    const env = { npm_config_include: 'dev', npm_config_only: 'production' }
    for (const name of ['import', 'deploy']) {
      expect(() => checkNpmOptions(findCommand(name), [], env)).not.toThrow()
    }
  })

  test('is accepted if the arguments contain it too', () => {
    const env = { npm_config_dry_run: 'true', npm_config_json: '' }
    expect(() => checkNpmOptions(findCommand('deploy'), ['--dry-run'], env)).not.toThrow()
  })

  test.each([
    [['deploy', '--dry-run'], '--dry-run'],
    [['destroy', '--apply'], '--apply'],
    [['deploy', '--prune'], '--prune'],
  ])('is refused by the real npm run %j', async (args, option) => {
    const npm = promisify(execFile)('npm', ['run', ...args], { cwd: ROOT })
    await expect(npm).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`npm took ${option} for itself.`),
    })
  })
})

describe('a failure', () => {
  test.each([
    ['provision', []],
    ['clients', []],
    ['import', ['/nowhere.yaml']],
    ['rotate-secret', ['GATEWAY_HMAC_SECRET', '--env-file=/nowhere.yaml']],
    ['deploy', ['--env-file=/nowhere.yaml']],
    ['status', ['--env-file=/nowhere.yaml']],
    ['rollback', ['--env-file=/nowhere.yaml']],
  ])('of %s prints one JSON document with --json', async (name, args) => {
    const { code, stdout, stderr } = await run(name, ...args, '--json')
    const document: unknown = JSON.parse(stdout)
    expect(document).toEqual({ ok: false, error: expect.any(String) })
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `${(document as { error: string }).error}\n`,
    })
  })

  test.each(['provision', 'clients', 'doctor'])(
    'of %s names the file of --env-file that is missing',
    async (name) => {
      let stderr = ''
      const code = await runCommand(findCommand(name), {
        ...{ args: ['--env-file=/nowhere.yaml'], env: {}, write: () => undefined },
        writeError: (text) => {
          stderr += text
        },
        withEnvFile: operatorEnvironment,
      })
      expect([code, stderr]).toEqual([1, expect.stringContaining(MISSING)])
    },
  )

  test('of provision with the unchanged sample has one line for each variable', async () => {
    let stderr = ''
    const code = await runCommand(findCommand('provision'), {
      ...{ args: [`--env-file=${ROOT}.env.yaml.sample`], env: {}, write: () => undefined },
      writeError: (text) => {
        stderr += text
      },
      withEnvFile: operatorEnvironment,
    })
    const names = [...stderr.matchAll(/^ {2}([A-Z_]+) /gm)].map(([, name]) => name)
    expect(code).toBe(1)
    expect(names).toContain('LOG_WEBHOOK_SECRET')
    expect(new Set(names).size).toBe(names.length)
    expect(stderr.match(/is still a placeholder$/gm)).toHaveLength(names.length)
  })

  test.each(['provision', 'clients'])(
    'of %s without .env.yaml names the file before the variables',
    async (name) => {
      const directory = mkdtempSync(`${tmpdir()}/no-env-file-`)
      const child = promisify(execFile)(process.execPath, [CLI, name], { cwd: directory })
      await expect(child).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /^\.env\.yaml cannot be read: copy \.env\.yaml\.sample to it[^\n]*\nConfiguration refused:\n/,
        ),
      })
      rmSync(directory, { recursive: true })
    },
  )
})

function optionsOf(name: string): string[] {
  return Object.entries(findCommand(name).options).flatMap(([option, spec]) =>
    spec.isHidden ? [] : [option],
  )
}

describe('deploy/cli.ts', () => {
  test('lists all commands', async () => {
    const { code, stdout } = await runProcess('--help')
    expect([code, stdout]).toEqual([0, overview()])
    expect(stdout).toMatch(/^Usage: /)
    for (const name of NAMES) expect(stdout).toContain(`  ${name} `)
  })

  test('prints the overview for help and the version for --version', async () => {
    expect(await runProcess('help')).toEqual({ code: 0, stdout: overview(), stderr: '' })
    const version = { code: 0, stdout: `${manifest.version}\n`, stderr: '' }
    expect(await runProcess('--version')).toEqual(version)
  })

  test('rejects an unknown command with its name and the nearest command', async () => {
    const { code, stdout, stderr } = await runProcess('doctr')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^Unknown command 'doctr'\. Did you mean doctor\?\n/)
  })

  test('prints one JSON document with --json and exits with 1 if doctor finds faults', async () => {
    const { code, stdout } = await runProcess('doctor', 'http://127.0.0.1:9', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ url: 'http://127.0.0.1:9', ok: false })
    expect(code).toBe(1)
  })

  test.each([
    ['--plna', ['--plan', '--json'], ' Did you mean --plan?'],
    ['Codex', ['claude-code', 'codex'], ' Did you mean codex?'],
    ['gatway', ['metadata', 'gateway'], ' Did you mean gateway?'],
    ['strat', ['start', 'status'], ' Did you mean start?'],
    ['--unlike', ['--plan', '--json'], ''],
    ['x', ['gateway'], ''],
  ])('suggests for %j among %j:%s', (word, known, said) => {
    expect(didYouMean(word, known)).toBe(said)
  })
})

describe('a TOOLS_FILE that cannot be read', () => {
  const fault = 'Configuration refused:\n  TOOLS_FILE names a file that cannot be read'

  test('is reported with its absolute path and the base of a relative path', () => {
    expect(withToolsFilePath(fault, () => ({ TOOLS_FILE: 'nowhere.yaml' }))).toBe(
      `${fault}: ${resolve('nowhere.yaml')} (npm resolves a relative path from the root of the repository)`,
    )
    expect(withToolsFilePath(fault, () => ({ TOOLS_FILE: '/nowhere.yaml' }))).toBe(
      `${fault}: /nowhere.yaml`,
    )
  })

  test('is reported by the command', async () => {
    const TOOLS_FILE = '/nowhere/tools.yaml'
    expect(await runWith({ TOOLS_FILE, PUBLIC_URL: 'https://a.example' }, 'build')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`cannot be read: ${TOOLS_FILE}\n`),
    })
  })

  test('is reported with the path from the file of --env-file', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'env-file-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const file = join(directory, 'env.yaml')
    writeFileSync(file, 'TOOLS_FILE: "/nowhere/tools.yaml"\n')
    expect(await runProcess('deploy', '--dry-run', `--env-file=${file}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be read: /nowhere/tools.yaml'),
    })
  })
})

describe('the progress output', () => {
  function created(isTerminal: boolean) {
    const written: string[] = []
    return { written, ...createProgress({ isTerminal, write: (text) => written.push(text) }) }
  }

  test('starts after two seconds', () => {
    vi.useFakeTimers()
    const { written, doing, stop } = created(false)
    doing('Reading')
    vi.advanceTimersByTime(1_999)
    expect(written).toEqual([])
    vi.advanceTimersByTime(1)
    expect(written).toEqual(['... Reading (2 s)\n'])
    vi.advanceTimersByTime(20_000)
    expect(written.at(-1)).toBe('... Reading (22 s)\n')
    stop()
    vi.advanceTimersByTime(60_000)
    expect(written).toHaveLength(2)
  })

  test('is one line on a terminal, which is cleared before other output', () => {
    vi.useFakeTimers()
    const { written, doing, yield: giveWay } = created(true)
    doing('Reading')
    vi.advanceTimersByTime(3_000)
    expect(written.join('')).toBe(`\r${ESCAPE}[2K... Reading (2 s)\r${ESCAPE}[2K... Reading (3 s)`)
    giveWay()
    expect(written.at(-1)).toBe(`\r${ESCAPE}[2K`)
  })

  test('stops when the task ends', () => {
    vi.useFakeTimers()
    const { written, doing } = created(false)
    doing('Reading')
    doing(undefined)
    vi.advanceTimersByTime(60_000)
    expect(written).toEqual([])
  })

  afterEach(() => vi.useRealTimers())
})
