import { parseArgs } from 'node:util'
import { SCOPE_TOKEN } from '../../shared/scope.ts'
import { parseSelector, type Selection, type Selector } from './selection.ts'
import { PUBLIC, signedIn } from './tool/access.ts'
import type { ToolOptions } from './tool/to-tool.ts'

export interface Options {
  /** A path or an http(s) URL. */
  readonly source: string
  /** Where the catalogue goes; undefined = standard output. */
  readonly out: string | undefined
  readonly isDryRun: boolean
  readonly isJson: boolean
  readonly selection: Selection
  readonly tools: ToolOptions
}

/** An invalid command line; the message ends with the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError'

  constructor(fault: string) {
    super(`${fault}\n${USAGE}`)
  }
}

export const USAGE = `Usage: npm run import -- FILE|URL [--out FILE] [--include PATTERN] [--exclude PATTERN] ...
  FILE|URL            an OpenAPI document (2.0, 3.0, 3.1, 3.2) in JSON or YAML
  --out FILE          writes the catalogue there, or brings it up to date and keeps what was edited
                      by hand; FILE.import.json beside it remembers what was written. Without
                      --out the catalogue is printed
  --dry-run           shows the changes to FILE and writes nothing
  --include PATTERN   takes only operations that match; repeatable. tag:NAME, path:GLOB,
                      method:NAME, id:GLOB; * is anything but /, ** is anything
  --exclude PATTERN   leaves out operations that match; repeatable
  --deprecated        takes deprecated operations too
  --server SERVER     the API's address: an http(s) URL, a path under FUNCTIONS_BASE, or the number
                      of a server in the document (from 0; default 0)
  --server-variable NAME=VALUE   a variable in a server's URL; repeatable
  --default-scopes SCOPES        scopes of operations of which the document does not say who may
                      call them; separated by blanks or commas
  --signed-in         such operations need a sign-in and no scope
  --public            such operations may be called by anybody
  --no-output-schemas leaves out what operations answer
  --json              prints one JSON document
  --help              prints this text
Exit code: 0 done, 1 no catalogue, 2 wrong usage`

/**
 * Undefined for `--help`.
 *
 * @throws UsageError
 */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parse(args)
  if (values.help) return undefined
  const [source, ...more] = positionals
  if (source === undefined || source === '' || more.length > 0) {
    throw new UsageError('Give one file or URL.')
  }
  if (values['dry-run'] && values.out === undefined) {
    throw new UsageError('--dry-run requires --out.')
  }
  if (values.out === '') throw new UsageError('--out requires a file name.')
  return {
    source,
    out: values.out,
    isDryRun: values['dry-run'],
    isJson: values.json,
    selection: {
      include: selectorsOf('--include', values.include),
      exclude: selectorsOf('--exclude', values.exclude),
      deprecated: values.deprecated,
    },
    tools: {
      server: values.server,
      variables: variablesOf(values['server-variable']),
      defaultAccess: defaultAccessOf(values),
      hasOutputSchemas: !values['no-output-schemas'],
    },
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        include: { type: 'string', multiple: true, default: [] },
        exclude: { type: 'string', multiple: true, default: [] },
        deprecated: { type: 'boolean', default: false },
        server: { type: 'string' },
        'server-variable': { type: 'string', multiple: true, default: [] },
        'default-scopes': { type: 'string' },
        'signed-in': { type: 'boolean', default: false },
        public: { type: 'boolean', default: false },
        'no-output-schemas': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        'no-color': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : '')
  }
}

function selectorsOf(option: string, texts: readonly string[]): Selector[] {
  return texts.map((text) => {
    const selector = parseSelector(text)
    if (selector !== undefined) return selector
    throw new UsageError(
      `${option} ${JSON.stringify(text)} is not a pattern: use tag:, path:, method: or id:.`,
    )
  })
}

function variablesOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
      if (name !== undefined && value !== undefined) return [name, value]
      throw new UsageError(`--server-variable ${JSON.stringify(text)} is not NAME=VALUE.`)
    }),
  )
}

function defaultAccessOf(values: ReturnType<typeof parse>['values']): ToolOptions['defaultAccess'] {
  const { 'default-scopes': written, 'signed-in': isSignedIn, public: isPublic } = values
  if ([written !== undefined, isSignedIn, isPublic].filter(Boolean).length > 1) {
    throw new UsageError('--default-scopes, --signed-in and --public exclude each other.')
  }
  if (isPublic) return PUBLIC
  if (isSignedIn) return signedIn([])
  if (written === undefined) return undefined
  const scopes = written.split(/[\s,]+/).filter((scope) => scope !== '')
  const wrong = scopes.find((scope) => !SCOPE_TOKEN.test(scope))
  if (scopes.length === 0 || wrong !== undefined) {
    throw new UsageError('--default-scopes requires scopes, separated by blanks or commas.')
  }
  return signedIn(scopes)
}
