import { RpcError, readMessageJson } from '../../../functions/gateway/mcp/json-rpc.ts'
import { parseJson } from '../../../shared/json.ts'
import { type FuzzTarget, must, onlyRefuses } from '../target.ts'

const MAX_DEPTH = 256
const WHOLE = /^-?(?:0|[1-9]\d*)$/

/** The JSON reader: RFC 8259 up to a depth, with numbers that are passed on as written. */
export const jsonTarget: FuzzTarget = {
  name: 'json',
  seeds: [
    '{"a":[1,-2.5,3e4,null,true,"\\u00e9\\n"],"b":{"c":{}}}',
    '[12345678901234567890,-9007199254740993,1e400,-1E+309,0.1,1e-7]',
    '{"__proto__":{"a":1},"constructor":"x"}',
    '[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]',
    '"\\ud83d\\ude00 }{]["',
    ' 9007199254740993 ',
  ],
  check: (text) => {
    const read = parseJson(text)
    const expected = reference(text)
    must(
      (read === undefined) === (expected === undefined),
      'it does not accept the same texts as JSON.parse',
    )
    if (read === undefined || expected === undefined) return
    must(written(read.value) === written(expected.value), 'it reads another value than JSON.parse')
    if (!text.isWellFormed()) return
    const kept = onlyRefuses([RpcError], () => readMessageJson(Buffer.from(text)))
    if (kept === undefined) return
    const sent = written(kept.value)
    must(sent !== undefined && isSame(sent, text), 'a number changes when it is written again')
  },
}

/** JSON.parse with a limit on the depth of the value. */
function reference(text: string): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return depthOf(value) > MAX_DEPTH ? undefined : { value }
  } catch {
    return undefined
  }
}

function depthOf(value: unknown): number {
  let level: unknown[] = [value]
  for (let depth = 0; ; depth++) {
    level = level.filter((one) => typeof one === 'object' && one !== null)
    if (level.length === 0) return depth
    level = level.flatMap((one) => Object.values(one as object))
  }
}

function written(value: unknown): string | undefined {
  return JSON.stringify(value)
}

/** Whether both texts have the same numbers: integers digit by digit, others as the same double. */
function isSame(sent: string, text: string): boolean {
  const before = numbersIn(text)
  const after = numbersIn(sent)
  return (
    before.length === after.length &&
    before.every((number, index) => {
      const other = after[index] ?? ''
      if (WHOLE.test(number)) return WHOLE.test(other) ? BigInt(number) === BigInt(other) : false
      return Number(number) === Number(other)
    })
  )
}

/** The numbers as written, in the order of the members. */
function numbersIn(text: string): string[] {
  const found: string[] = []
  // TypeScript's library does not declare the third parameter yet (Node 21).
  const collect = (...[, value, context]: [string, unknown, { readonly source?: string }?]) => {
    if (typeof value === 'number') found.push(context?.source ?? '')
    return value
  }
  JSON.parse(text, collect)
  return found
}
