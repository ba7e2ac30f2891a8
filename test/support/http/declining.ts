/** A `fetch` that declines on the consent page of the local tenant. */
export const declining: typeof fetch = (input, init) => {
  const isConsent = init?.method === 'POST' && String(input).endsWith('/consent')
  return fetch(input, {
    ...init,
    ...(isConsent && { body: new URLSearchParams({ action: 'deny' }) }),
  })
}
