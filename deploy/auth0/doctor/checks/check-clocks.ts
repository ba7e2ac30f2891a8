import { type Check, fault, warning } from '../../../diagnostics/check.ts'
import type { Outside } from '../../../diagnostics/observe/deployment.ts'
import { type Exchange, isAnswer } from '../../../diagnostics/probe.ts'

/** Clients take a token to be from the future when clocks differ by more (gateway: 5 s). */
const MAX_SKEW_SECONDS = 5
const MAX_OWN_SKEW_SECONDS = 30

/** The clocks of the deployment, the issuer and this machine. */
export const CLOCK_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'clocks',
    title: 'clocks agree',
    run: ({ bare, issuer }) => {
      const front = skewOf(bare)
      if (front === undefined) return { skipped: 'the answer has no Date' }
      const [theirs] = (issuer?.documents ?? []).map(skewOf).filter((one) => one !== undefined)
      const between = front - (theirs ?? 0)
      if (Math.abs(between) > (theirs === undefined ? MAX_OWN_SKEW_SECONDS : MAX_SKEW_SECONDS)) {
        return [
          fault({
            id: 'clock_skew',
            seen: `the deployment's clock is ${describeSkew(between)} ${theirs === undefined ? "this machine's" : "the issuer's"}`,
            why: 'A token seems expired, or from the future, to a machine whose clock is off by more than 5 s',
            fix: 'set the clock of the machine that answers (timedatectl set-ntp true), or stop the proxy in front from rewriting Date',
          }),
        ]
      }
      if (Math.abs(front) <= MAX_OWN_SKEW_SECONDS) return []
      return [
        warning({
          id: 'own_clock_skew',
          seen: `this machine's clock is ${describeSkew(-front)} the deployment's and the issuer's`,
          why: 'What doctor says of the times in a token is off by as much',
          fix: 'timedatectl set-ntp true',
        }),
      ]
    },
  },
]

/** Seconds by which the sender's clock is ahead of this machine's; undefined without a Date. */
function skewOf(exchange: Exchange): number | undefined {
  if (!isAnswer(exchange)) return undefined
  const date = Date.parse(exchange.headers.get('date') ?? '')
  if (Number.isNaN(date)) return undefined
  // A cache hands out the Date of the origin, and in Age how long ago that was.
  const ageMs = Number(exchange.headers.get('age') ?? 0) * 1000
  // A Date has whole seconds, cut off.
  const difference = (date + 500 + (Number.isNaN(ageMs) ? 0 : ageMs) - exchange.at) / 1000
  return Math.abs(difference) < 1 ? 0 : Math.round(difference)
}

function describeSkew(seconds: number): string {
  return `${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'}`
}
