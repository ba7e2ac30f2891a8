import { type Causes, DOCTOR, PROVISION } from './cause.ts'

/** What the gateway and its tools fail with once there is a token. */
export const TOOL_CAUSES = {
  gateway_unavailable: {
    cause: "The gateway cannot check tokens now: it has no keys of Auth0's.",
    fix: 'Open /health/auth0: it names what does not answer.',
  },
  token_rejected: {
    cause: 'The gateway refuses the token.',
    fix: 'npm run doctor -- --token - says why.',
  },
  insufficient_scope: {
    cause: 'The token lacks a scope that the tool needs.',
    fix: `Give the user the permission (roles), and the client the scope in its grant: ${PROVISION}.`,
  },
  calls_limited: {
    cause: 'The user has had as many calls as a minute allows.',
    fix: 'Wait a minute, or raise RATE_LIMIT_PER_MINUTE.',
  },
  protocol: {
    cause: 'The endpoint does not speak MCP as a client expects.',
    fix: `See the gateway's log. ${DOCTOR}.`,
  },
  no_tools: {
    cause: 'The gateway lists no tools.',
    fix: 'Give it TOOLS, TOOLS_FILE or TOOL_SCOPES_JSON.',
  },
  tool_failed: {
    cause: 'The tool answered with an error.',
    fix: "The gateway's log has the reason of this call; check FUNCTIONS_BASE and the backend.",
  },
} as const satisfies Causes
