import { expect, test } from 'vitest'
import type { ConnectFaultId } from '../../../deploy/connect/failure.ts'
import {
  backWith,
  CHATGPT,
  deploymentForThisFile,
  existing,
  ISS,
  redirected,
  type Staging,
  tenant,
} from '../../support/staged-connect.ts'

const { origin, run, failureOf } = await deploymentForThisFile()

const VARIANTS: readonly (Staging & { readonly name: string; readonly id: ConnectFaultId })[] = [
  {
    name: 'an iss without its trailing slash',
    id: 'issuer_in_answer',
    step: 'sign-in',
    answers: ISS,
    options: (origin) => ({ openBrowser: backWith(`code=c&iss=${origin}`) }),
  },
  {
    name: 'a repeated iss',
    id: 'issuer_in_answer',
    step: 'sign-in',
    answers: ISS,
    options: (origin) => ({ openBrowser: backWith(`code=c&iss=${origin}/&iss=${origin}/`) }),
  },
  {
    name: 'an error with a foreign iss',
    id: 'issuer_in_answer',
    step: 'sign-in',
    back: 'error=access_denied&iss=https://evil.example/',
  },
  {
    name: 'an error without the advertised iss',
    id: 'issuer_not_in_answer',
    step: 'sign-in',
    answers: ISS,
    back: 'error=access_denied',
  },
  {
    name: 'an error with the correct iss',
    id: 'access_denied',
    step: 'sign-in',
    answers: ISS,
    options: (origin) => ({ openBrowser: backWith(`error=access_denied&iss=${origin}/`) }),
  },
  {
    name: 'a refused client without iss',
    id: 'issuer_not_in_answer',
    step: 'admission',
    answers: (origin) => ({ ...ISS(origin), ...redirected('error=unauthorized_client') }),
    options: existing,
  },
  {
    name: 'a refused client with a foreign iss',
    id: 'issuer_in_answer',
    step: 'admission',
    answers: () => redirected('error=unauthorized_client&iss=https://evil.example/'),
    options: existing,
  },
  {
    name: 'a refused client with the correct iss',
    id: 'client_grant_missing',
    step: 'admission',
    answers: (origin) => ({
      ...ISS(origin),
      ...redirected(`error=unauthorized_client&iss=${encodeURIComponent(`${origin}/`)}`),
    }),
    options: existing,
  },
  {
    name: 'an unadmitted client without iss',
    id: 'webhook_silent',
    step: 'admission',
    answers: (origin) => ({ ...ISS(origin), ...tenant(undefined) }),
  },
]

test('connect accepts the correct iss, with the stable redirect URI of ChatGPT as well', async () => {
  const withIss = (back: string) => ({
    answers: ISS,
    options: (issuer: string) => ({ openBrowser: backWith(`${back}&iss=${issuer}/`) }),
  })
  expect((await run(withIss('code=c'))).ok).toBe(true)
  let opened = new URL(origin)
  const { ok, steps } = await run({
    answers: ISS,
    options: (issuer) => ({
      ...existing(),
      openBrowser: (url) => {
        opened = new URL(url)
      },
      askForAddress: async () =>
        `${CHATGPT}?code=c&iss=${issuer}/&state=${opened.searchParams.get('state')}\n`,
    }),
  })
  expect(steps.filter((step) => !step.ok)).toEqual([])
  expect(ok).toBe(true)
  expect(opened.searchParams.get('redirect_uri')).toBe(CHATGPT)
  expect(steps[4]?.seen).toContain(`iss ${origin}/`)
})

test.each(VARIANTS)('connect reports $id for $name', async ({ id, ...staging }) => {
  expect(await failureOf(staging)).toMatchObject({ id, step: staging.step })
})
