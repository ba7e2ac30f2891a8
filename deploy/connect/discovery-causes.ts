import { type Causes, PROVISION } from './cause.ts'

/** What is wrong before anything is registered. */
export const DISCOVERY_CAUSES = {
  unreachable: {
    cause: 'Nothing answers there.',
    fix: "Start the system (npm start) or deploy it (npm run deploy), and check the URL; if it is the tenant's, OAUTH_ISSUER.",
  },
  redirected: {
    cause: 'The URL leads elsewhere, where MCP clients do not follow.',
    fix: 'Take the URL that it leads to, and set PUBLIC_URL to its origin.',
  },
  not_found: {
    cause: 'There is no MCP endpoint at this URL.',
    fix: 'Take the URL that ends in /mcp, at the domain that PUBLIC_URL names.',
  },
  html: {
    cause: 'A web page answers in place of the function.',
    fix: 'A rewrite is missing: deploy Hosting with deploy/firebase.json (npm run deploy).',
  },
  no_protected_resource: {
    cause: 'There is no protected-resource metadata (RFC 9728) for this URL.',
    fix: 'Deploy the metadata function, and let the front send /.well-known/ to it.',
  },
  resource_mismatch: {
    cause: 'The metadata is about another resource than this URL, so clients refuse it.',
    fix: 'Connect to the resource, to the letter; if that is the wrong one, set PUBLIC_URL to the origin that clients use, and OAUTH_AUDIENCE to its /mcp, in Auth0 too.',
  },
  no_authorization_server: {
    cause: "The authorization server's metadata cannot be read.",
    fix: 'Check OAUTH_ISSUER: it is https://<tenant>.<region>.auth0.com/ or the custom domain. If it is right, Auth0 does not answer: /health/auth0 follows it.',
  },
  issuer_mismatch: {
    cause: 'The authorization server calls itself by another name than the metadata does.',
    fix: 'Set OAUTH_ISSUER to the issuer to the letter, with its trailing slash.',
  },
  no_s256: {
    cause: 'The authorization server does not advertise PKCE with S256, so ChatGPT refuses it.',
    fix: 'Check OAUTH_ISSUER: Auth0 advertises S256. A proxy in between must not drop it.',
  },
  no_registration_endpoint: {
    cause: 'The authorization server advertises no registration endpoint.',
    fix: `Turn dynamic client registration on: ${PROVISION}; or use --client-id.`,
  },
} as const satisfies Causes
