import { brokenLimits } from '../../functions/gateway/openapi/openapi-limits.ts'
import type { Environment } from '../../shared/config.ts'
import type { CatalogueDocument, ToolDefinition } from '../../shared/tools.ts'
import { describeWarnings, hasCatalogue } from '../build/catalogue.ts'
import { isSampleBackend } from './backends/tools.ts'

/** What the local system warns about when it starts. */
export interface CatalogueWarnings {
  /** The tools of the given catalogue whose calls fail, because FUNCTIONS_BASE is not set. */
  readonly toolsWithoutBackend: readonly string[]
  /** One line for each ignored part of the catalogue. */
  readonly ignored: readonly string[]
  /** One sentence for each limit of GPT Actions that the catalogue exceeds. */
  readonly gptActionsLimits: readonly string[]
}

const MAX_NAMES = 20

/** Returns the warnings about a catalogue. `env` has only the given variables, without local defaults. */
export function catalogueWarnings(
  env: Environment,
  { tools, warnings: ignored }: Pick<CatalogueDocument, 'tools' | 'warnings'>,
): CatalogueWarnings {
  const hasOwnBackends = Boolean(env['FUNCTIONS_BASE']?.trim()) || !hasCatalogue(env)
  const without = hasOwnBackends ? [] : [...tools.values()].filter((tool) => !hasBackend(tool))
  return {
    toolsWithoutBackend: without.map(({ name }) => name),
    ignored,
    gptActionsLimits: brokenLimits(tools),
  }
}

/** Returns the warnings as text, which is empty without warnings. */
export function describeCatalogueWarnings({
  toolsWithoutBackend: names,
  ignored,
  gptActionsLimits,
}: CatalogueWarnings): string {
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : ''
  const listed = names.slice(0, MAX_NAMES).join(', ')
  const missing =
    names.length === 0
      ? ''
      : `FUNCTIONS_BASE is not set. These tools have no backend: ${listed}${more}.\n` +
        'Set FUNCTIONS_BASE to the URL of your backends.\n'
  return `${describeWarnings(ignored)}${describeWarnings(gptActionsLimits)}${missing}`
}

function hasBackend({ name, request, answeredBy }: ToolDefinition): boolean {
  if (answeredBy === 'gateway') return true
  if (request !== undefined && /^https?:/i.test(request.url)) return true
  return isSampleBackend(request === undefined ? `/${name}` : request.url)
}
