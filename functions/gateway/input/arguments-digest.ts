import { hash } from 'node:crypto'
import { asObject } from '../../../shared/json.ts'

/** SHA-256 (base64url) of arguments, the same in whatever order their members stand. */
export function argumentsDigest(args: unknown): string {
  return hash('sha256', JSON.stringify(sorted(args)), 'base64url')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  // A number that is kept as it was written looks like an object.
  const members = JSON.isRawJSON?.(value) ? undefined : asObject(value)
  if (members === undefined) return value
  const names = Object.keys(members).sort()
  return Object.fromEntries(names.map((name) => [name, sorted(members[name])]))
}
