import { didYouMean } from '../nearest.ts'

const MAX_CHARACTERS = 64

/**
 * Returns the warning about an unknown member `name` of an object with the members `known`, and the known
 * member that was probably meant. `path` precedes the name.
 */
export function unknownMember(name: string, known: readonly string[], path = ''): string {
  const written = name.slice(0, MAX_CHARACTERS)
  const meant = didYouMean(written, known)
  return `${path}${written}: unknown member, ignored${meant === '' ? '' : `.${meant}`}`
}
