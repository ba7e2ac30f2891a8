import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { COMMANDS, findCommand, overview } from '../../deploy/commands/registry.ts'
import { createProgress } from '../../deploy/kit/progress.ts'
import { runCommand } from '../../deploy/kit/run-command.ts'
import { withToolsFilePath } from '../../deploy/kit/tools-file-path.ts'
import manifest from '../../package.json' with { type: 'json' }
import type { Environment } from '../../shared/config.ts'
import { didYouMean } from '../../shared/nearest.ts'
import { CLI } from '../support/command-line.ts'

const SCRIPTS: Readonly<Record<string, string>> = manifest.scripts
const NAMES = COMMANDS.map(({ name }) => name)
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

function optionsOf(name: string): string[] {
  return Object.entries(findCommand(name).options).flatMap(([option, spec]) =>
    spec.type === 'boolean' && spec.isHidden ? [] : [option],
  )
}

describe('deploy/cli.ts', () => {
  test('lists all commands', async () => {
    const { code, stdout } = await runProcess('--help')
    expect([code, stdout]).toEqual([0, overview()])
    expect(stdout).toMatch(/^Usage: /)
    for (const name of NAMES) expect(stdout).toContain(`  ${name} `)
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
    ['--unlike', ['--plan', '--json'], ''],
    ['x', ['gateway'], ''],
  ])('suggests for %j among %j:%s', (word, known, said) => {
    expect(didYouMean(word, known)).toBe(said)
  })
})

describe('a TOOLS_FILE that cannot be read', () => {
  const fault = 'Configuration refused:\n  TOOLS_FILE names a file that cannot be read'

  test('is reported with its absolute path and the base of a relative path', () => {
    expect(withToolsFilePath(fault, { TOOLS_FILE: 'nowhere.yaml' })).toBe(
      `${fault}: ${resolve('nowhere.yaml')} (npm resolves a relative path from the root of the repository)`,
    )
    expect(withToolsFilePath(fault, { TOOLS_FILE: '/nowhere.yaml' })).toBe(
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
