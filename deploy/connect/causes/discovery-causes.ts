import { type Causes, PROVISION } from './cause.ts'

/** Faults that show before a client is registered. */
export const DISCOVERY_CAUSES = {
  unreachable: {
    cause: 'The server does not answer.',
    fix: 'Start the system (npm start) or deploy it (npm run deploy), and check the URL. If the URL is the tenant, check OAUTH_ISSUER.',
  },
  redirected: {
    cause: 'The URL redirects, and MCP clients do not follow redirects here.',
    fix: 'Use the URL that it redirects to, and set PUBLIC_URL to its origin.',
  },
  not_found: {
    cause: 'There is no MCP endpoint at this URL.',
    fix: 'Use the URL that ends in /mcp, on the domain that PUBLIC_URL names.',
  },
  html: {
    cause: 'A web page is served instead of the function.',
    fix: 'A rewrite is missing. Deploy Hosting with deploy/firebase.json (npm run deploy).',
  },
  unauthenticated_allowed: {
    cause: 'A tool that needs a sign-in was called without a token.',
    fix: 'Route /mcp to the function gateway and to nothing else (deploy/firebase.json), and let the front add no Authorization of its own.',
  },
  no_protected_resource: {
    cause: 'There is no protected resource metadata (RFC 9728) for this URL.',
    fix: 'Deploy the metadata function, and route /.well-known/ to it.',
  },
  resource_mismatch: {
    cause: 'The metadata names a different resource than this URL, so clients refuse it.',
    fix: 'Connect to the resource exactly as it is written. If it is wrong, set PUBLIC_URL to the origin that clients use and OAUTH_AUDIENCE to its /mcp, in Auth0 as well.',
  },
  no_authorization_server: {
    cause: "The authorization server's metadata cannot be read.",
    fix: 'Check OAUTH_ISSUER: it is https://<tenant>.<region>.auth0.com/ or the custom domain. If it is right, Auth0 does not answer: see /health/auth0.',
  },
  issuer_mismatch: {
    cause: "The authorization server's metadata has a different issuer than the resource names.",
    fix: 'Set OAUTH_ISSUER to that issuer exactly, with its trailing slash.',
  },
  no_s256: {
    cause: 'The authorization server does not advertise PKCE with S256, which ChatGPT requires.',
    fix: 'Check OAUTH_ISSUER: Auth0 advertises S256. A proxy in between must not remove it.',
  },
  no_registration_endpoint: {
    cause: 'The authorization server advertises no registration endpoint.',
    fix: `Turn on Dynamic Client Registration: ${PROVISION}. Or use --client-id with an existing client.`,
  },
} as const satisfies Causes
