import { SCOPE_TOKEN } from '../../shared/oauth/scope.ts'
import { UsageError } from '../kit/errors.ts'
import type { CommandLine, Flag, OptionSpecs } from '../kit/options.ts'
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

/** The options of `npm run import`. */
export const IMPORT_OPTIONS = {
  out: {
    type: 'string',
    value: 'FILE',
    text: 'write the catalogue there, or bring it up to date and keep what was edited by hand; FILE.import.json beside it remembers what was written. Without --out the catalogue is printed',
  },
  'dry-run': { type: 'boolean', text: 'show the changes to FILE and write nothing' },
  include: {
    type: 'list',
    value: 'PATTERN',
    text: 'take only operations that match; repeatable. tag:NAME, path:GLOB, method:NAME, id:GLOB; * is anything but /, ** is anything',
  },
  exclude: {
    type: 'list',
    value: 'PATTERN',
    text: 'leave out operations that match; repeatable',
  },
  deprecated: { type: 'boolean', text: 'take deprecated operations too' },
  server: {
    type: 'string',
    value: 'SERVER',
    text: "the API's address: an http(s) URL, a path under FUNCTIONS_BASE, or the number of a server in the document (from 0; default 0)",
  },
  'server-variable': {
    type: 'list',
    value: 'NAME=VALUE',
    text: "a variable in a server's URL; repeatable",
  },
  'default-scopes': {
    type: 'string',
    value: 'SCOPES',
    text: 'scopes of operations of which the document does not say who may call them; separated by blanks or commas',
  },
  'signed-in': { type: 'boolean', text: 'such operations need a sign-in and no scope' },
  public: { type: 'boolean', text: 'such operations may be called by anybody' },
  'no-output-schemas': { type: 'boolean', text: 'leave out what operations answer' },
} as const satisfies OptionSpecs

type Line = CommandLine<typeof IMPORT_OPTIONS & { readonly json: Flag }>

/**
 * What the command line asks for.
 *
 * @throws UsageError
 */
export function toOptions({ values, positionals: [source] }: Line): Options {
  if (source === undefined || source === '') throw new UsageError('Give one file or URL.')
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
