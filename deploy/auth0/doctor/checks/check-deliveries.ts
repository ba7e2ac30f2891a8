import { type Check, fault } from '../../../diagnostics/check.ts'
import type { Inside } from '../../../diagnostics/observe/tenant.ts'
import { documentOf } from '../../../diagnostics/exchange.ts'
import { isAnswer, outcomeOf } from '../../../diagnostics/probe.ts'

/** Whether what the log stream sends arrives. */
export const DELIVERY_CHECKS: readonly Check<Inside>[] = [
  {
    name: 'deliveries',
    title: 'log-webhook takes what the log stream sends',
    run: ({ delivery }) => {
      if ('skipped' in delivery) return delivery
      if ('value' in documentOf(delivery)) return []
      const about = { seen: `POST ${delivery.url}: ${outcomeOf(delivery)}`, where: delivery.url }
      const why =
        'What Auth0 delivers is lost, so that no client is admitted or refused, and Auth0 pauses the stream in the end'
      if (isAnswer(delivery) && delivery.status === 401) {
        return [
          fault({
            id: 'log_webhook_secret',
            ...about,
            seen: `${about.seen}, with the secret of the log stream`,
            why: `log-webhook runs with another LOG_WEBHOOK_SECRET. ${why}`,
            fix: 'npm run deploy -- log-webhook gives it the LOG_WEBHOOK_SECRET of .env.yaml, and npm run provision -- --apply gives the log stream the same',
          }),
        ]
      }
      return [
        fault({
          id: 'log_webhook_unreachable',
          ...about,
          why,
          fix: 'rewrite /auth0-log-webhook to the function log-webhook (deploy/firebase.json), then npm run deploy; if it is, look for the cause in its log: gcloud functions logs read log-webhook --gen2',
        }),
      ]
    },
  },
]
