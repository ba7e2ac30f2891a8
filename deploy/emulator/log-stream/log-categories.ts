import type { Management } from 'auth0'
import type { TenantLogStream } from '../state.ts'
import type { LogEvent } from './log-delivery.ts'

/** The filter category of each event type in Auth0. */
const CATEGORIES: Readonly<Record<string, Management.LogStreamFilterGroupNameEnum>> = {
  sapi: 'management.success',
  fapi: 'management.fail',
  s: 'auth.login.success',
  f: 'auth.login.fail',
  fp: 'auth.login.fail',
  seacft: 'auth.token_exchange.success',
  feacft: 'auth.token_exchange.fail',
  sertft: 'auth.token_exchange.success',
  ferrt: 'auth.token_exchange.fail',
  seccft: 'auth.token_exchange.success',
  success_on_behalf_of_token_exchange: 'auth.token_exchange.success',
  failed_on_behalf_of_token_exchange: 'auth.token_exchange.fail',
}

/** Returns whether an event passes a stream's filters. Without filters, every event passes. */
export function passes({ filters = [] }: TenantLogStream, { type }: LogEvent): boolean {
  const category = CATEGORIES[type] ?? 'other'
  return filters.length === 0 || filters.some(({ name }) => name === category)
}
