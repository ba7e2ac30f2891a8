import { type Check, fault, warning } from '../../../diagnostics/check.ts'
import { challengeOf } from '../outside/challenge.ts'
import type { Outside } from '../../../diagnostics/observe/deployment.ts'
import { isAnswer, outcomeOf } from '../../../diagnostics/probe.ts'

/** The functions at their own addresses, beside the front. */
export const AROUND_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'around the front',
    title: 'no function can be reached around the front',
    run: ({ functions, bare }) => {
      if (functions.length === 0) return { skipped: 'no --function-url was given' }
      return functions.flatMap(({ url, exchanges }) => {
        const [call] = exchanges
        const reached = exchanges.filter((one) => isAnswer(one) && ![403, 404].includes(one.status))
        if (reached.length === 0) return []
        const seen = reached.map((one) => `${one.method} ${one.url}: ${outcomeOf(one)}`).join('; ')
        const refuses = call === undefined || !isAnswer(call) || call.status >= 400
        if (!refuses && isAnswer(bare) && bare.status === 401) {
          return [
            fault({
              id: 'function_open_around_front',
              seen,
              why: 'There a call goes through without a token, which the front refuses: anybody gets in around it',
              fix: 'npm run deploy -- gateway, so that the function checks tokens itself; then gcloud run services update gateway --ingress=internal-and-cloud-load-balancing',
              where: url,
            }),
          ]
        }
        return [
          warning({
            id: 'function_reachable_around_front',
            seen: `${seen}${call !== undefined && challengeOf(call) ? ' (it does ask for a token)' : ''}`,
            why: 'What the front adds, such as rate limits, a firewall or logs, does not apply there. The function demands the same credentials',
            fix: 'behind a load balancer: gcloud run services update SERVICE --ingress=internal-and-cloud-load-balancing; behind API Gateway: take allUsers from roles/run.invoker; Firebase Hosting needs the function public, leave it so',
            where: url,
          }),
        ]
      })
    },
  },
]
