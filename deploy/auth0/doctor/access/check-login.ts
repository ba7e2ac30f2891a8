import { isStrict } from '../../../../shared/auth0/registered-client.ts'
import { type Check, fault, warning } from '../../../diagnostics/check.ts'
import type { Inside } from '../../../diagnostics/observe/tenant.ts'

/** What the tenant does with every sign-in. */
export const LOGIN_CHECKS: readonly Check<Inside>[] = [
  {
    name: 'default audience',
    title: 'no default audience replaces the API that ChatGPT names',
    run: ({ snapshot: { settings }, desired: { audience } }) => {
      if ('failure' in settings) return { skipped: settings.failure.message }
      const { default_audience: other } = settings.value
      if (typeof other !== 'string' || other === '' || other === audience) return []
      return [
        fault({
          id: 'default_audience_other',
          seen: `the default audience of the tenant is ${other}, not ${audience}`,
          why: 'Auth0 treats it as the audience of every request that names none, and prefers an audience to the resource that ChatGPT names: tokens are for another API',
          fix: `clear the default audience, or set it to ${audience}; first make the applications that depend on it send their own audience`,
          where:
            'Auth0 dashboard: Settings > General > API Authorization Settings > Default Audience',
        }),
      ]
    },
  },
  {
    name: 'login pages',
    title: 'strict clients get the login pages that they need',
    run: ({ access: { loginExperience }, clients }) => {
      if ('skipped' in loginExperience) return loginExperience
      const hasStrict = 'value' in clients && clients.value.some(isStrict)
      if (loginExperience.value !== 'classic' || !hasStrict) return []
      return [
        warning({
          id: 'classic_login',
          seen: 'universal_login_experience is classic, and the tenant has strict third-party clients',
          why: 'Auth0 does not support Classic Login for strict third-party clients',
          fix: 'choose Universal Login',
          where: 'Auth0 dashboard: Branding > Universal Login > Advanced Options',
        }),
      ]
    },
  },
]
