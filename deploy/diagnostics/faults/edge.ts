import type { Faults } from './fault.ts'

const REWRITES =
  'In deploy/firebase.json, hosting.rewrites, put the entries for /.well-known/**, /mcp, /mcp/.well-known/**, /health/**, /tools/** and /openapi.json before any catch-all. Then run npm run deploy.'
const KEEP_CACHE_CONTROL =
  'Stop the edge from setting Cache-Control (firebase.json: hosting.headers; a CDN: respect the origin), and purge its cache.'

/** Faults of the edge: reachability, redirects, caches, CORS, clocks, direct access. */
export const EDGE_FAULTS = {
  url_unreachable: {
    title: 'The URL does not respond',
    severity: 'error',
    why: 'Clients cannot connect.',
    fix: 'Check the URL, its DNS entry and its certificate (curl -v). On this machine, start the system with npm start; otherwise deploy it with npm run deploy. If the URL belongs to the tenant, check OAUTH_ISSUER.',
  },
  not_https: {
    title: 'The URL is plain http',
    severity: 'error',
    why: 'Plain http shows tokens to everyone on the network path, and ChatGPT connects to https URLs only.',
    fix: 'Give the deployment a certificate, set PUBLIC_URL to the https URL, and enter that URL in ChatGPT.',
  },
  front_not_answering: {
    title: 'Some paths do not respond in time',
    severity: 'error',
    why: 'Requests time out: claude.ai waits 10 s, Firebase Hosting 60 s.',
    fix: 'Read the log of the function behind these paths: gcloud functions logs read gateway --gen2 (or metadata). If cold starts are the cause, set GCP_MIN_INSTANCES to 1 in .env.yaml and run npm run deploy.',
  },
  post_redirected: {
    title: 'The MCP endpoint redirects',
    severity: 'error',
    why: 'After 301, 302 and 303, clients repeat the request with GET and without its body. After any redirect, many clients drop the token.',
    fix: 'Enter the URL that it redirects to in ChatGPT and set PUBLIC_URL to its origin, or remove the redirect of /mcp from the edge (https, www and trailing-slash redirects).',
  },
  document_redirected: {
    title: 'Metadata is redirected',
    severity: 'error',
    why: 'Clients do not follow a redirect of metadata, because it could lead to another party.',
    fix: 'Serve these paths at the edge itself, without https, www or trailing-slash redirects.',
  },
  rewrite_returns_html: {
    title: 'An HTML page is served instead of a function',
    severity: 'error',
    why: 'A catch-all rewrite, such as that of a single-page app, has precedence over the functions. ChatGPT then reports that the server does not implement OAuth.',
    fix: REWRITES,
    where: 'deploy/firebase.json',
  },
  slow_answer: {
    title: 'The MCP endpoint responds slowly',
    severity: 'warning',
    why: 'Some clients wait only 10 s for the response, and a cold start of the backend adds to this time.',
    fix: 'Set GCP_MIN_INSTANCES to 1 in .env.yaml and run npm run deploy, which also gives each function one CPU. For a gateway that was deployed in another way: gcloud run services update gateway --min-instances=1 --cpu=1. Remove a VPC connector that the gateway does not need.',
  },
  clock_skew: {
    title: 'The clocks of the deployment and the issuer differ',
    severity: 'error',
    why: 'A machine whose clock is off by more than 5 s treats valid tokens as expired, or as not yet valid.',
    fix: 'Set the clock of the machine that serves the deployment (timedatectl set-ntp true), or stop the proxy at the edge from rewriting Date.',
  },
  own_clock_skew: {
    title: 'The clock of this machine is wrong',
    severity: 'warning',
    why: 'The times that doctor reports for a token are off by the same amount.',
    fix: 'Set the clock of this machine: timedatectl set-ntp true.',
  },
  metadata_cached_too_long: {
    title: 'Metadata may be cached for more than a day',
    severity: 'error',
    why: 'After a change, clients use the old metadata for more than a day.',
    fix: KEEP_CACHE_CONTROL,
  },
  metadata_not_cacheable: {
    title: 'Metadata may not be cached',
    severity: 'warning',
    why: 'Every lookup calls the function, and one client can send thousands of them.',
    fix: KEEP_CACHE_CONTROL,
  },
  not_found_cacheable: {
    title: 'A 404 may be cached',
    severity: 'error',
    why: 'Firebase Hosting caches a 404 without no-store for ten minutes, so a repaired path stays broken.',
    fix: KEEP_CACHE_CONTROL,
  },
  answer_cacheable: {
    title: 'A response other than metadata may be cached',
    severity: 'error',
    why: 'A cache may serve the response of one user, or a transient error, to the next user.',
    fix: KEEP_CACHE_CONTROL,
  },
  metadata_cors_missing: {
    title: 'Web pages cannot read the metadata',
    severity: 'error',
    why: 'Without CORS headers, web clients and MCP Inspector cannot read which authorization server to use.',
    fix: 'Let the edge pass the CORS headers of the function metadata unchanged. A cache must not drop them.',
  },
  cors_preflight_refused: {
    title: 'The CORS preflight of /mcp fails',
    severity: 'error',
    why: 'A browser sends a preflight before the call, and does not make the call if the preflight fails.',
    fix: 'Let OPTIONS /mcp reach the function gateway without credentials (API Gateway: an options operation with security: []), and add the origins of other pages to APP_ORIGIN in .env.yaml.',
  },
  challenge_not_exposed: {
    title: 'Web pages cannot read the challenge',
    severity: 'error',
    why: 'The browser hides WWW-Authenticate from the page, so a web client cannot start a sign-in.',
    fix: 'Let the edge pass the CORS headers of the function gateway unchanged, and forward every call to the function.',
  },
  function_open_around_front: {
    title: 'A function accepts direct calls without a token',
    severity: 'error',
    why: 'The edge rejects a call without a token, but the function at its own address accepts it.',
    fix: 'Run npm run deploy -- gateway, so that the function checks tokens itself. Then run gcloud run services update gateway --ingress=internal-and-cloud-load-balancing.',
  },
  function_reachable_around_front: {
    title: 'A function can be reached directly',
    severity: 'warning',
    why: 'Rate limits, firewall rules and logs of the edge do not apply to direct calls. The function still requires the same credentials.',
    fix: 'Behind a load balancer, run gcloud run services update SERVICE --ingress=internal-and-cloud-load-balancing. Behind API Gateway, remove allUsers from roles/run.invoker. Firebase Hosting requires a public function: change nothing there.',
  },
  health_failing: {
    title: 'GET /health does not report ok',
    severity: 'error',
    why: 'The function metadata does not run, or the path is not routed to it.',
    fix: 'Rewrite /health and /health/** to the function metadata (deploy/firebase.json), then run npm run deploy. If the path is already routed to it, read its log: gcloud functions logs read metadata --gen2.',
  },
  auth0_health_failing: {
    title: 'The deployment does not reach Auth0',
    severity: 'error',
    why: 'Users cannot sign in without the issuer, and tokens cannot be verified without its keys.',
    fix: 'Check OAUTH_ISSUER in .env.yaml and that the functions can reach it (VPC egress, firewall). For outages of Auth0, see https://status.auth0.com.',
  },
  health_disagrees: {
    title: 'The health report and the metadata disagree',
    severity: 'error',
    why: 'Two versions of the function serve the paths, or a cache or proxy serves other metadata. Clients then get tokens that the gateway rejects.',
    fix: 'Run npm run deploy, so that all functions have the same OAUTH_ISSUER and OAUTH_AUDIENCE, and purge the cache of the edge.',
  },
} as const satisfies Faults
