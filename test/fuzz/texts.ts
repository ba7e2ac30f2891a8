import fc from 'fast-check'
import { MARKER } from './target.ts'

const MAX_REPEATED = 20_000

/** Characters and words with a meaning for one of the parsers. */
const TOKENS = [
  ...'"\'\\{}[]()<>:;,.=-+*/?#@%&!|~`^$_ \t\n\r\0',
  ...['\u0085', '\u009b', '\u200b', '\u202e', '\u2028', '\ufeff', '\ud800', '\u{1f600}', 'é', 'а'],
  ...['0', '-0', '1e999', '1E-400', '9007199254740993', '0.1', '1'.repeat(40)],
  ...['null', 'true', '[]', '{}', '__proto__', 'constructor', 'Bearer ', 'https://', '..', '%2f'],
  ...['-----BEGIN PRIVATE KEY-----', '-----END PRIVATE KEY-----', '\\n', MARKER],
]
const anyToken = fc.oneof(
  fc.constantFrom(...TOKENS),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
)

/** One change of a text. */
type Change = (text: string) => string

const place = fc.double({ min: 0, max: 1, noNaN: true, noDefaultInfinity: true })
const at = (text: string, where: number) => Math.floor(where * text.length)

const insert = fc.tuple(place, anyToken).map<Change>(
  ([where, token]) =>
    (text) =>
      text.slice(0, at(text, where)) + token + text.slice(at(text, where)),
)
const replace = fc.tuple(place, fc.nat(8), anyToken).map<Change>(
  ([where, length, token]) =>
    (text) =>
      text.slice(0, at(text, where)) + token + text.slice(at(text, where) + length),
)
const remove = fc.tuple(place, fc.nat(30)).map<Change>(
  ([where, length]) =>
    (text) =>
      text.slice(0, at(text, where)) + text.slice(at(text, where) + length),
)
const copy = fc.tuple(place, place, fc.nat(40)).map<Change>(
  ([from, to, length]) =>
    (text) =>
      text.slice(0, at(text, to)) +
      text.slice(at(text, from), at(text, from) + length) +
      text.slice(at(text, to)),
)
const repeat = fc
  .tuple(place, fc.integer({ min: 1, max: 12 }), fc.nat(2_000))
  .map<Change>(([where, length, times]) => (text) => {
    const unit = text.slice(at(text, where), at(text, where) + length)
    const most = Math.floor(MAX_REPEATED / Math.max(1, unit.length))
    return (
      text.slice(0, at(text, where)) +
      unit.repeat(Math.min(times, most)) +
      text.slice(at(text, where))
    )
  })

const change = fc.oneof(
  { weight: 4, arbitrary: insert },
  { weight: 4, arbitrary: replace },
  { weight: 3, arbitrary: remove },
  { weight: 2, arbitrary: copy },
  { weight: 1, arbitrary: repeat },
)

/** Seeds with a few changes, two of them spliced, sequences of tokens, and JSON. */
export function textsLike(seeds: readonly string[]): fc.Arbitrary<string> {
  const seed = fc.constantFrom(...seeds)
  const changed = fc
    .tuple(seed, fc.array(change, { maxLength: 5 }))
    .map(([text, changes]) => changes.reduce((made, apply) => apply(made), text))
  const spliced = fc
    .tuple(changed, changed, place, place)
    .map(([one, other, end, start]) => one.slice(0, at(one, end)) + other.slice(at(other, start)))
  const tokens = fc.array(anyToken, { maxLength: 40 }).map((parts) => parts.join(''))
  return fc.oneof(
    { weight: 6, arbitrary: changed },
    { weight: 2, arbitrary: spliced },
    { weight: 1, arbitrary: tokens },
    { weight: 1, arbitrary: fc.json() },
  )
}
