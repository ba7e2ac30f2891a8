import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  catalogueText,
  isJsonFile,
  mergedText,
  readCatalogueFile,
  sizeWarning,
  writeFiles,
} from './catalogue/catalogue-file.ts'
import { readRecord, recordFileOf } from './catalogue/import-record.ts'
import { merge } from './catalogue/merge.ts'
import { type Conversion, convert } from './convert.ts'
import { loadDocument, urlOf } from './document/load-document.ts'
import { READ_LIMITS, type ReadLimits } from './document/read-bounded.ts'
import type { Options } from './options.ts'
import { describeReport, type Report, reportJson } from './report.ts'

/** The outputs of an import. */
export interface Output {
  readonly write: (text: string) => void
  readonly writeError: (text: string) => void
}

/**
 * Runs `npm run import`. Writes the catalogue to `--out` and the report to standard output, or the
 * catalogue to standard output and the report to standard error.
 *
 * @returns The exit code: 0 = success, 1 = no operation could be converted, or references of more
 *   operations than were converted could not be resolved, or a limit was reached.
 * @throws ImportError if the document cannot be read or the catalogue cannot be written.
 */
export async function runImport(
  options: Options,
  output: Output,
  limits: ReadLimits = READ_LIMITS,
): Promise<number> {
  const document = await loadDocument(options.source, limits)
  const conversion = await convert(document, options.selection, options.tools)
  const refusal = refusalOf(conversion, document.reachedLimit())
  return refusal === undefined
    ? finish(options, conversion, output)
    : refuse(refusal, options, conversion, output)
}

/** Returns why the tools are not used; undefined if they are. */
function refusalOf(
  { tools, unresolved }: Conversion,
  reachedLimit: string | undefined,
): string | undefined {
  if (tools.length === 0) return 'No operation could be converted to a tool.'
  if (reachedLimit === undefined && unresolved.length <= tools.length) return undefined
  const reason = reachedLimit ?? `${unresolved.length} operations have unresolved references`
  return `The document is incomplete, and no catalogue was written: ${reason}.`
}

function refuse(
  refusal: string,
  options: Options,
  conversion: Conversion,
  { write, writeError }: Output,
): number {
  const report = { ...conversion, out: options.out, isDryRun: options.isDryRun, changes: undefined }
  const warnings = [refusal, ...conversion.warnings]
  if (options.isJson) write(reportJson({ ...report, warnings }, null))
  // The file keeps its tools.
  else writeError(`${refusal}\n${describeReport({ ...report, out: undefined })}`)
  return 1
}

function finish(options: Options, conversion: Conversion, { write, writeError }: Output): number {
  const { out, isDryRun, isJson } = options
  if (out === undefined) {
    const tools = Object.fromEntries(conversion.tools.map(({ name, members }) => [name, members]))
    const report = { ...conversion, out, isDryRun, changes: undefined }
    if (isJson) write(reportJson(report, { tools }))
    else {
      const text = catalogueText(tools, false)
      write(text)
      writeError(describeReport(withSizeWarning(report, text)))
    }
    return 0
  }
  const file = readCatalogueFile(out)
  const merged = merge(
    file.tools,
    readRecord(recordFileOf(out)),
    conversion.tools,
    identityOf(options.source, out),
    conversion.unresolved,
  )
  const hasChanges = merged.added.length + merged.removed.length + merged.updated.length > 0
  // An unchanged file keeps its formatting.
  const isKept = !hasChanges && existsSync(out)
  const text = isKept ? readFileSync(out, 'utf8') : mergedText(file, merged, isJsonFile(out))
  if (!isDryRun) writeFiles(out, text, merged.record)
  const report = withSizeWarning({ ...conversion, out, isDryRun, changes: merged.changes }, text)
  write(isJson ? reportJson(report, undefined) : describeReport(report))
  return 0
}

function withSizeWarning(report: Report, text: string): Report {
  const warning = sizeWarning(text, report.out)
  return warning === undefined ? report : { ...report, warnings: [...report.warnings, warning] }
}

/** Returns a URL, or a file's path relative to the catalogue, which is the same on every machine. */
function identityOf(source: string, out: string): string {
  const url = urlOf(source)
  if (!url.startsWith('file:')) return url
  return relative(dirname(resolve(out)), fileURLToPath(url)).replaceAll('\\', '/')
}
