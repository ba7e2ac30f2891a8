import {
  ADMISSION_SCOPES,
  CLIENTS_SCOPES,
  LOGIN_AND_PEOPLE_SCOPES,
  PROVISION_SCOPES,
  RULES_AND_HOOKS_SCOPES,
  SCOPES,
} from '../auth0/management-scopes.ts'

/** The scopes that the Management API client needs, sorted. */
const CLIENT_SCOPES: readonly string[] = [
  ...new Set([
    ...ADMISSION_SCOPES,
    ...PROVISION_SCOPES,
    ...CLIENTS_SCOPES,
    ...RULES_AND_HOOKS_SCOPES,
  ]),
].sort()

/** Returns all Management scopes on one line, and a Markdown table of their uses, for docs/auth0.md. */
export function scopeTable(): string {
  const rows: readonly (readonly [needs: string, scopes: readonly string[]])[] = [
    ['log-webhook, registration', ADMISSION_SCOPES],
    ['both, with `DCR_POLICY=enforce` or curated metadata', [SCOPES['clients.delete']]],
    ['`provision`', PROVISION_SCOPES],
    ['`clients`', CLIENTS_SCOPES],
    ['`doctor`, to read Rules and Hooks', RULES_AND_HOOKS_SCOPES],
    ['`doctor`, to check the login page and the users (not in the list)', LOGIN_AND_PEOPLE_SCOPES],
  ]
  return [
    `\`${CLIENT_SCOPES.join(' ')}\``,
    '',
    '| needed by | scopes |',
    '| --- | --- |',
    ...rows.map(([needs, scopes]) => `| ${needs} | \`${scopes.join(' ')}\` |`),
  ].join('\n')
}
