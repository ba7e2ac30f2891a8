import { type Causes, DOCTOR, PROVISION } from './cause.ts'

/** Faults of the gateway and its tools, once there is a token. */
export const TOOL_CAUSES = {
  gateway_unavailable: {
    cause: "The gateway cannot check tokens now: it could not fetch Auth0's keys.",
    fix: 'Open /health/auth0, which names the part that does not answer.',
  },
  token_rejected: {
    cause: 'The gateway refuses the token.',
    fix: 'Run npm run doctor -- --token - with the token, which explains the reason.',
  },
  insufficient_scope: {
    cause: 'The token lacks a scope that the tool needs.',
    fix: `If the token above has no permissions, assign a role to the user (Auth0 dashboard > User Management > Roles). If it has them, the client grant lacks the scope: ${PROVISION}. Then connect again.`,
  },
  calls_limited: {
    cause: 'The user has reached the number of calls that a minute allows.',
    fix: 'Wait a minute, or raise RATE_LIMIT_PER_MINUTE.',
  },
  protocol: {
    cause: 'The endpoint does not speak MCP as clients expect.',
    fix: `See the gateway's log, and run ${DOCTOR}.`,
  },
  no_tools: {
    cause: 'The gateway lists no tools.',
    fix: 'Set TOOLS, TOOLS_FILE or TOOL_SCOPES_JSON.',
  },
  tool_failed: {
    cause: 'The tool answered with an error.',
    fix: "The gateway's log has the reason for this call. Check FUNCTIONS_BASE and the backend.",
  },
} as const satisfies Causes
