import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  catalogueText,
  mergedText,
  readCatalogueFile,
  writeFiles,
} from './catalogue/catalogue-file.ts'
import { memoryFileOf, readMemory } from './catalogue/memory.ts'
import { merge } from './catalogue/merge.ts'
import { type Conversion, convert } from './convert.ts'
import { loadDocument, urlOf } from './document/load-document.ts'
import { ImportError } from './import-error.ts'
import { type Options, parseOptions, USAGE, UsageError } from './options.ts'
import { describeReport, reportJson } from './report.ts'

/** What an import gets from the process that it is. */
export interface ImportIo {
  readonly args: readonly string[]
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
}

/**
 * One run of `npm run import`. The catalogue goes to `--out` or to standard output, the report to the
 * other of standard output and standard error.
 *
 * @returns The exit code: 0 = done, 1 = no catalogue, 2 = wrong usage.
 */
export async function runImport({ args, write, writeError }: ImportIo): Promise<number> {
  try {
    const options = parseOptions(args)
    if (options === undefined) {
      write(`${USAGE}\n`)
      return 0
    }
    const document = await loadDocument(options.source)
    const conversion = convert(document, options.selection, options.tools)
    return conversion.tools.length === 0
      ? refuse(options, conversion, { write, writeError })
      : finish(options, conversion, { write, writeError })
  } catch (error) {
    if (error instanceof UsageError) {
      writeError(`${error.message}\n`)
      return 2
    }
    if (!(error instanceof ImportError)) throw error
    writeError(`${error.message}\n`)
    return 1
  }
}

type Output = Omit<ImportIo, 'args'>

function refuse(options: Options, conversion: Conversion, { write, writeError }: Output): number {
  const report = { ...conversion, out: options.out, isDryRun: options.isDryRun, changes: undefined }
  if (options.isJson) write(reportJson(report, null))
  else writeError(`No operation became a tool.\n${describeReport(report)}`)
  return 1
}

function finish(options: Options, conversion: Conversion, { write, writeError }: Output): number {
  const { out, isDryRun, isJson } = options
  if (out === undefined) {
    const tools = Object.fromEntries(conversion.tools.map(({ name, members }) => [name, members]))
    const report = { ...conversion, out, isDryRun, changes: undefined }
    if (isJson) write(reportJson(report, { tools }))
    else {
      write(catalogueText(tools, false))
      writeError(describeReport(report))
    }
    return 0
  }
  const file = readCatalogueFile(out)
  const merged = merge(
    file.tools,
    readMemory(memoryFileOf(out)),
    conversion.tools,
    identityOf(options.source, out),
  )
  const hasChanges = merged.added.length + merged.removed.length + merged.updated.length > 0
  if (!isDryRun) {
    // A file that stays as it is keeps its formatting too.
    const isKept = !hasChanges && existsSync(out)
    const text = isKept ? readFileSync(out, 'utf8') : mergedText(file, merged, /\.json$/i.test(out))
    writeFiles(out, text, merged.memory)
  }
  const report = { ...conversion, out, isDryRun, changes: merged.changes }
  write(isJson ? reportJson(report, undefined) : describeReport(report))
  return 0
}

/** A file by its path from the catalogue, so that it is the same on every machine. */
function identityOf(source: string, out: string): string {
  const url = urlOf(source)
  if (!url.startsWith('file:')) return url
  return relative(dirname(resolve(out)), fileURLToPath(url)).replaceAll('\\', '/')
}
