import { html, raw } from 'hono/html'

/** An HTML page. Inserted texts are escaped. */
export type Page = ReturnType<typeof html>

const NAME = 'Auth0 emulator'
const STYLE = raw(`
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { display: grid; place-items: center; min-height: 90vh; margin: 1rem }
  main { width: min(24rem, 100%) }
  label { display: block; margin-top: 1rem }
  input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit }
  button { margin: 1.5rem .5rem 0 0; padding: .5rem 1.25rem; font: inherit }
  [role=alert] { border-left: .25rem solid #c22; padding-left: .75rem }
`)

/** Returns the sign-in page. `fault` is the error message about the last attempt. */
export function loginPage(action: string, clientName: string, fault?: string): Page {
  return page(
    'Sign in',
    html`<p>to continue to ${clientName}</p>
${fault === undefined ? '' : html`<p role="alert">${fault}</p>`}
<form method="post" action="${action}/login">
<label for="username">Email address</label>
<input id="username" name="username" type="email" autocomplete="username" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">Continue</button>
</form>`,
  )
}

/** Returns the consent page. `scopes` are names or descriptions. */
export function consentPage(
  action: string,
  clientName: string,
  userName: string,
  scopes: readonly string[],
): Page {
  return page(
    'Authorize app',
    html`<p><strong>${clientName}</strong> requests access to the account of
${userName}${scopes.length === 0 ? '.' : ':'}</p>
${scopes.length === 0 ? '' : html`<ul>${scopes.map((scope) => html`<li>${scope}</li>`)}</ul>`}
<form method="post" action="${action}/consent">
<button type="submit" name="action" value="accept">Accept</button>
<button type="submit" name="action" value="deny">Decline</button>
</form>`,
  )
}

interface Tenant {
  readonly issuer: string
  readonly users: readonly { readonly email: string; readonly password: string }[]
}

/** Returns the page at the root of the emulator. */
export function homePage({ issuer, users }: Tenant): Page {
  return page(
    NAME,
    html`<p>This server behaves like an Auth0 tenant with the issuer <code>${issuer}</code>. It runs only on
this machine, for development and tests.</p>
<h2>Users</h2>
<ul>${users.map(({ email, password }) => html`<li>${email}, password <code>${password}</code></li>`)}</ul>
<h2>Links</h2>
<ul>
<li><a href="/__tenant">State of the tenant</a>; a POST request changes it</li>
<li><a href="/.well-known/openid-configuration">OpenID Connect discovery</a></li>
<li><a href="/.well-known/jwks.json">Signing keys</a></li>
</ul>`,
  )
}

/** Returns the page for an error that is not returned to the client. */
export function errorPage(error: string, description: string): Page {
  return page(
    'Something went wrong',
    html`<p role="alert"><code>${error}</code>: ${description}</p>`,
  )
}

function page(title: string, content: Page): Page {
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title === NAME ? NAME : `${title} - ${NAME}`}</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>
${content}
</main></body>
</html>
`
}
