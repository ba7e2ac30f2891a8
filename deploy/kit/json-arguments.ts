import { asObject, parseJson } from '../../shared/json.ts'
import { UsageError } from './errors.ts'

/**
 * Returns the value of `--arguments`.
 *
 * @throws UsageError if it is not a JSON object.
 */
export function parseArguments(json: string): Readonly<Record<string, unknown>> {
  const args = asObject(parseJson(json)?.value)
  if (args === undefined) throw new UsageError('--arguments must be a JSON object.')
  return args
}
