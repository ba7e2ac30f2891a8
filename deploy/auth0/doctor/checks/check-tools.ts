import { type Check, fault } from '../../../diagnostics/check.ts'
import { serverIn } from '../../../diagnostics/observe/openapi-tools.ts'
import { documentOf, shown } from '../../../diagnostics/exchange.ts'
import type { Outside } from '../../../diagnostics/observe/deployment.ts'

/** What the gateway says of itself. */
export const TOOL_CHECKS: readonly Check<Outside>[] = [
  {
    name: 'openapi.json',
    title: 'the description of the REST side is there',
    run: ({ openApi, origin }) => {
      const document = documentOf(openApi)
      if ('absent' in document) {
        return [
          fault({
            id: 'openapi_missing',
            seen: `GET /openapi.json: ${document.absent}`,
            why: 'GPT Actions read the tools from it',
            fix: 'rewrite /openapi.json to the function gateway (deploy/firebase.json), then npm run deploy',
            where: openApi.url,
          }),
        ]
      }
      const server = serverIn(document.value)
      if (server === origin) return []
      return [
        fault({
          id: 'gateway_public_url',
          seen: `the gateway takes ${shown(server)} for its own URL, not ${origin}`,
          why: 'It is the PUBLIC_URL of the gateway, from which its challenges and its statement to the backends are made',
          fix: `set PUBLIC_URL to ${origin} in .env.yaml, then npm run deploy -- gateway`,
          where: openApi.url,
        }),
      ]
    },
  },
]
