import { SCOPE_TOKEN } from '../../shared/oauth/scope.ts'
import { UsageError } from '../kit/errors.ts'
import type { CommandLine, Flag, OptionSpecs } from '../kit/options.ts'
import { parseSelector, type Selection, type Selector } from './selection.ts'
import { PUBLIC, signedIn } from './tool/access.ts'
import type { ToolOptions } from './tool/to-tool.ts'

export interface Options {
  /** A path or an http(s) URL. */
  readonly source: string
  /** The catalogue file; undefined = standard output. */
  readonly out: string | undefined
  readonly isDryRun: boolean
  readonly isJson: boolean
  readonly selection: Selection
  readonly tools: ToolOptions
}

/** The options of `npm run import`. */
export const IMPORT_OPTIONS = {
  out: {
    type: 'string',
    value: 'FILE',
    text: 'create the catalogue file, or update it and keep manual edits; FILE.import.json next to it records what was written. Without --out the catalogue is printed',
  },
  'dry-run': { type: 'boolean', text: 'show the changes to FILE without writing' },
  include: {
    type: 'list',
    value: 'PATTERN',
    text: 'import only matching operations; repeatable. tag:NAME, path:GLOB, method:NAME, id:GLOB; * matches anything except /, ** matches anything',
  },
  exclude: {
    type: 'list',
    value: 'PATTERN',
    text: 'skip matching operations; repeatable',
  },
  deprecated: { type: 'boolean', text: 'also import deprecated operations' },
  server: {
    type: 'string',
    value: 'SERVER',
    text: "the API's base URL: an http(s) URL, a path under FUNCTIONS_BASE, or the number of a server in the document (from 0; default 0)",
  },
  'server-variable': {
    type: 'list',
    value: 'NAME=VALUE',
    text: 'value of a server variable; repeatable',
  },
  'default-scopes': {
    type: 'string',
    value: 'SCOPES',
    text: 'scopes of operations without security in the document, separated by spaces or commas',
  },
  'signed-in': { type: 'boolean', text: 'such operations require a sign-in but no scope' },
  public: { type: 'boolean', text: 'such operations are public' },
  'no-output-schemas': { type: 'boolean', text: 'omit output schemas' },
} as const satisfies OptionSpecs

type Line = CommandLine<typeof IMPORT_OPTIONS & { readonly json: Flag }>

/**
 * Converts the parsed command line to options.
 *
 * @throws UsageError
 */
export function toOptions({ values, positionals: [source] }: Line): Options {
  if (source === undefined || source === '') throw new UsageError('A file or URL is required.')
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

function defaultAccessOf(values: Line['values']): ToolOptions['defaultAccess'] {
  const { 'default-scopes': written, 'signed-in': isSignedIn, public: isPublic } = values
  if ([written !== undefined, isSignedIn, isPublic].filter(Boolean).length > 1) {
    throw new UsageError('--default-scopes, --signed-in and --public cannot be combined.')
  }
  if (isPublic) return PUBLIC
  if (isSignedIn) return signedIn([])
  if (written === undefined) return undefined
  const scopes = written.split(/[\s,]+/).filter((scope) => scope !== '')
  const wrong = scopes.find((scope) => !SCOPE_TOKEN.test(scope))
  if (scopes.length === 0 || wrong !== undefined) {
    throw new UsageError('--default-scopes requires scopes, separated by spaces or commas.')
  }
  return signedIn(scopes)
}
