/** The credentials for the sign-in form. */
export interface Person {
  readonly username: string
  readonly password: string
}

/** The sign-in stopped on a page without a form, or repeats its pages. */
export class StuckError extends Error {
  override readonly name = 'StuckError'
  readonly status: number
  readonly page: string

  constructor(status: number, page: string) {
    super(`stuck on a page with status ${status}: ${textOf(page)}`)
    this.status = status
    this.page = page
  }
}

const MAX_STEPS = 20
const MAX_TEXT_CHARACTERS = 200

/**
 * Signs in like a browser without scripts: follows redirects, keeps cookies, fills in the sign-in form
 * and accepts the consent. Returns the URL of the redirect to `callback`.
 *
 * @throws StuckError for a page without a form, a repeated form, or too many pages.
 */
export async function signIn(
  start: URL,
  callback: string,
  person: Person,
  send: typeof fetch = fetch,
): Promise<URL> {
  const cookies = new Map<string, string>()
  let next: { url: URL; body?: URLSearchParams } = { url: start }
  let signedIn = false
  let status = 0
  for (let step = 0; step < MAX_STEPS; step++) {
    if (next.url.href.startsWith(callback)) return next.url
    const response = await send(next.url, {
      method: next.body === undefined ? 'GET' : 'POST',
      body: next.body ?? null,
      redirect: 'manual',
      headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
    })
    for (const cookie of response.headers.getSetCookie()) keepCookie(cookies, cookie)
    status = response.status
    const page = await response.text()
    const location = response.headers.get('location')
    if (location !== null) {
      next = { url: new URL(location, next.url) }
      continue
    }
    const form = /<form[^>]*>[\s\S]*?<\/form>/i.exec(page)?.[0]
    if (form === undefined || status >= 400) throw new StuckError(status, page)
    const asksForPassword = /name="password"/.test(form)
    if (asksForPassword && signedIn) throw new StuckError(status, page)
    signedIn ||= asksForPassword
    next = {
      url: new URL(attribute(form, 'action') ?? next.url.href, next.url),
      body: fill(form, person),
    }
  }
  throw new StuckError(status, 'the sign-in repeats its pages')
}

const CHARACTERS: Readonly<Record<string, string>> = {
  '&quot;': '"',
  '&#39;': "'",
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
}

/** Returns the visible text of a page, shortened. */
export function textOf(page: string): string {
  return page
    .replace(/<(style|script|title)[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&(?:quot|#39|lt|gt|amp);/g, (entity) => CHARACTERS[entity] ?? entity)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_TEXT_CHARACTERS)
}

function keepCookie(cookies: Map<string, string>, field: string): void {
  const [pair = '', ...attributes] = field.split(';')
  const separator = pair.indexOf('=')
  const name = pair.slice(0, separator).trim()
  const isDeleted = attributes.some((text) =>
    /^\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(text),
  )
  if (isDeleted) cookies.delete(name)
  else cookies.set(name, pair.slice(separator + 1))
}

/** Returns the fields of a form as a browser sends them: typed and hidden values, the first button. */
function fill(form: string, { username, password }: Person): URLSearchParams {
  const body = new URLSearchParams()
  for (const [input] of form.matchAll(/<input[^>]*>/gi)) {
    const name = attribute(input, 'name')
    if (name === undefined || attribute(input, 'type') === 'submit') continue
    const typed = { username, password }[name]
    body.append(name, typed ?? attribute(input, 'value') ?? '')
  }
  const button = /<button[^>]*>/i.exec(form)?.[0] ?? ''
  const name = attribute(button, 'name')
  if (name !== undefined) body.append(name, attribute(button, 'value') ?? '')
  return body
}

function attribute(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`, 'i').exec(tag)?.[1]
  return value?.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#x2F;', '/')
}
